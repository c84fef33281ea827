import { PassThrough, Readable } from 'node:stream';
import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProductAccess, Repeatable } from '../auth/access.js';
import { AppError } from '../errors/app-error.js';
import { Answered, Answers } from '../http/answers.js';
import { LINES_TYPE } from '../http/lines-body.js';
import { ProductPath } from '../http/product-path.js';
import { ExportService } from './export.service.js';
import { ImportService } from './import.service.js';
import { linesOf } from './transfer-lines.js';
import { ExportQuery, ImportQuery, ImportReport } from './transfer.dto.js';

/** Lines as text; what they hold is in docs/export.md. */
const LINES = { [LINES_TYPE]: { schema: { type: 'string', description: 'One JSON object a line.' } } } as const;
/** Exports of one product at once: each holds a connection and a snapshot as long as its reader takes. */
const MAX_EXPORTS = 4;
/** Of all products, so that connections are left for everything else; no product can take them all from the others. */
const MAX_EXPORTS_OF_ALL = 16;

@ApiTags('Export and import')
@ProductAccess()
@Controller('v1/products/:productId')
export class TransferController {
  /** By product. */
  private readonly exports = new Map<string, number>();

  constructor(
    private readonly exporting: ExportService,
    private readonly importing: ImportService,
  ) {}

  @Get('export')
  @ApiOperation({ summary: 'Export all that a product has', description: 'As JSON Lines, streamed: a header, every row of its own tables with its vectors, and a last line. The same data gives the same bytes.' })
  @ApiOkResponse({ description: 'The export.', content: LINES })
  async export(@ProductPath() productId: string, @Query() { cursor }: ExportQuery, @Res() reply: FastifyReply): Promise<void> {
    this.count(productId, 1);
    const stream = new PassThrough();
    const begun = new Promise<void>((resolve, reject) => {
      stream.once('begun', resolve);
      stream.once('error', reject);
    });
    void this.exporting
      .write(productId, (line) => write(stream, line), cursor)
      .then(() => stream.end(), (error: unknown) => stream.destroy(error instanceof Error ? error : new Error(String(error))))
      .finally(() => this.count(productId, -1));
    // What is refused before the first line is answered as a problem; after it only a broken connection can tell.
    await begun;
    void reply.header('content-type', `${LINES_TYPE}; charset=utf-8`).header('cache-control', 'no-store').send(stream);
  }

  /** @throws AppError `unavailable` where one more would be too many */
  private count(productId: string, change: 1 | -1): void {
    const own = (this.exports.get(productId) ?? 0) + change;
    const all = [...this.exports.values()].reduce((sum, running) => sum + running, 0) + change;
    if (change > 0 && (own > MAX_EXPORTS || all > MAX_EXPORTS_OF_ALL)) {
      throw new AppError('unavailable', 'Enough exports are under way. Try again when one has ended.', { retryAfter: 10 });
    }
    if (own > 0) this.exports.set(productId, own);
    else this.exports.delete(productId);
  }

  @Post('import')
  @HttpCode(200)
  @Repeatable()
  @ApiOperation({
    summary: 'Import what was exported',
    description: 'Committed batch by batch. A row whose key is there already stays unless `onExisting` says otherwise, so the same file once more changes nothing. A line that is refused is named; those before it are imported.',
  })
  @ApiConsumes(LINES_TYPE)
  @ApiBody({ description: 'The export.', required: true, schema: LINES[LINES_TYPE].schema })
  @Answers('conflict', 'validation_failed', 'payload_too_large', 'unsupported_media_type')
  @Answered(ImportReport, 'What was written.')
  import(@ProductPath() productId: string, @Query() query: ImportQuery, @Req() request: FastifyRequest): Promise<ImportReport> {
    if (!(request.body instanceof Readable)) throw new AppError('unsupported_media_type', `Send the export with content-type: ${LINES_TYPE}.`);
    return this.importing.read(productId, linesOf(request.body), query);
  }
}

/** Resolves when the reader has room for more. A reader that has gone away ends the export. */
async function write(stream: PassThrough, line: string): Promise<void> {
  if (stream.destroyed) throw new AppError('unavailable', 'The reader of the export has gone away.');
  const hasRoom = stream.write(`${line}\n`);
  stream.emit('begun');
  if (hasRoom) return;
  await new Promise<void>((resolve) => {
    const goOn = (): void => {
      stream.off('drain', goOn).off('close', goOn);
      resolve();
    };
    stream.once('drain', goOn).once('close', goOn);
  });
}
