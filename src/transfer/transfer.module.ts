import { Module } from '@nestjs/common';
import { ExportService } from './export.service.js';
import { ImportService } from './import.service.js';
import { TransferController } from './transfer.controller.js';

/** All that a product has, out and in again. */
@Module({
  controllers: [TransferController],
  providers: [ExportService, ImportService],
})
export class TransferModule {}
