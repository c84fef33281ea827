import type { EnvironmentReader } from './environment-reader.js';

/** A place in a bucket of a service that speaks S3. */
export interface BucketSettings {
  readonly bucket: string;
  /** Without slashes at its ends; '' for the whole bucket. */
  readonly prefix: string;
  /** Undefined: AWS itself. */
  readonly endpoint: string | undefined;
  /** Undefined: as the AWS SDK finds it (AWS_REGION, its configuration file). */
  readonly region: string | undefined;
  /** Undefined: as the AWS SDK finds them (AWS_… variables, a Kubernetes web identity, the machine's role). */
  readonly credentials: BucketCredentials | undefined;
  /** `https://host/bucket/key` rather than `https://bucket.host/key`. */
  readonly pathStyle: boolean;
  /** Large files are sent in parts of so many bytes; a file has at most 10,000. */
  readonly partBytes: number;
}

export interface BucketCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const BUCKET_NAMES = [
  'NAGAYA_BACKUP_S3_ENDPOINT',
  'NAGAYA_BACKUP_S3_REGION',
  'NAGAYA_BACKUP_S3_ACCESS_KEY_ID',
  'NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY',
  'NAGAYA_BACKUP_S3_PATH_STYLE',
  'NAGAYA_BACKUP_S3_PART_SIZE',
];

const MEBIBYTE = 1024 * 1024;
/** Services other than AWS take any region; some insist on this one. */
const ANY_REGION = 'us-east-1';
/** A bucket's name as AWS has it; a prefix of characters that need no escaping anywhere. */
const PLACE = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w./-]*))?$/;

/**
 * @param to the value of NAGAYA_BACKUP_TO
 * @returns undefined where that is no bucket
 */
export function readBucketSettings(reader: EnvironmentReader, to: string): BucketSettings | undefined {
  // Read whatever the place is, so that a bad value is told before it matters.
  const endpoint = readEndpoint(reader);
  const settings = {
    endpoint,
    region: reader.text('NAGAYA_BACKUP_S3_REGION') ?? (endpoint === undefined ? undefined : ANY_REGION),
    credentials: readCredentials(reader),
    pathStyle: reader.boolean('NAGAYA_BACKUP_S3_PATH_STYLE', endpoint !== undefined),
    partBytes: reader.integer('NAGAYA_BACKUP_S3_PART_SIZE', { default: 16, min: 5, max: 1_024 }) * MEBIBYTE,
  };
  if (!to.startsWith('s3:')) return undefined;
  const [, bucket, prefix = ''] = PLACE.exec(to) ?? [];
  if (bucket !== undefined && !prefix.includes('..')) return { bucket, prefix: prefix.split('/').filter((part) => part !== '').join('/'), ...settings };
  reader.problems.push(`NAGAYA_BACKUP_TO is "${to}"; a bucket must look like s3://bucket/prefix`);
  return undefined;
}

/** A login or a path in it would be shown wherever the endpoint is, and the SDK would use neither. */
function readEndpoint(reader: EnvironmentReader): string | undefined {
  const name = 'NAGAYA_BACKUP_S3_ENDPOINT';
  const text = reader.text(name);
  if (text === undefined || /^https?:\/\/[^/@?#\s]+\/?$/.test(text)) return text?.replace(/\/$/, '');
  reader.problems.push(`${name} must look like https://s3.example:9000, without a login, a bucket or a path`);
  return undefined;
}

function readCredentials(reader: EnvironmentReader): BucketCredentials | undefined {
  const accessKeyId = reader.token('NAGAYA_BACKUP_S3_ACCESS_KEY_ID');
  const secretAccessKey = reader.token('NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY');
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey };
  if (accessKeyId !== undefined && !reader.has('NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY')) reader.problems.push('NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY is missing; it belongs to NAGAYA_BACKUP_S3_ACCESS_KEY_ID');
  if (secretAccessKey !== undefined && !reader.has('NAGAYA_BACKUP_S3_ACCESS_KEY_ID')) reader.problems.push('NAGAYA_BACKUP_S3_ACCESS_KEY_ID is missing; it belongs to NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY');
  return undefined;
}
