import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { DatabaseProbe } from './probes/database-probe.js';
import { ProbesController } from './probes/probes.controller.js';

/** How the service is, for those who watch over it. */
@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [ProbesController],
  providers: [DatabaseProbe],
})
export class HealthModule {}
