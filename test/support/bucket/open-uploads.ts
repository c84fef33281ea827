import type { IncomingMessage } from 'node:http';
import type { Asked } from './bucket-server.js';

/** Keeps count of uploads in parts, and answers the two requests about them that s3rver lacks, as S3 does. */
export class OpenUploads {
  private readonly open = new Map<string, string>();

  get keys(): string[] {
    return [...this.open.values()];
  }

  /** Looks at what passes by. */
  watch({ method, key, query }: Asked, answered: IncomingMessage): void {
    if (method !== 'POST' || answered.statusCode !== 200) return;
    if (query.has('uploadId')) return void this.open.delete(query.get('uploadId') ?? '');
    if (!query.has('uploads')) return;
    let text = '';
    answered.on('data', (chunk: Buffer) => (text += chunk.toString()));
    answered.on('end', () => this.open.set(/<UploadId>([^<]+)</.exec(text)?.[1] ?? '', key));
  }

  answer({ method, query }: Asked): { status: number; body: string } | undefined {
    if (method === 'DELETE' && query.has('uploadId')) {
      const known = this.open.delete(query.get('uploadId') ?? '');
      return known ? { status: 204, body: '' } : { status: 404, body: '<Error><Code>NoSuchUpload</Code><Message>There is none.</Message></Error>' };
    }
    if (method !== 'GET' || !query.has('uploads')) return undefined;
    const found = [...this.open].filter(([, key]) => key.startsWith(query.get('prefix') ?? ''));
    const uploads = found.map(([id, key]) => `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`).join('');
    return { status: 200, body: `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${uploads}</ListMultipartUploadsResult>` };
  }
}
