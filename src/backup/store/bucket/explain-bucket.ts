import type { BucketSettings } from '../../../config/bucket-settings.js';
import { AppError } from '../../../errors/app-error.js';

interface Explanation {
  /** Of the service's or the SDK's name for it. */
  readonly when: RegExp;
  readonly says: (settings: BucketSettings) => string;
}

const RIGHTS = 's3:ListBucket, s3:ListBucketMultipartUploads, s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload';

/** The first that fits counts. */
const EXPLANATIONS: readonly Explanation[] = [
  { when: /^NoSuchBucket$/, says: () => 'There is no such bucket. Make it, or correct NAGAYA_BACKUP_TO or NAGAYA_BACKUP_S3_ENDPOINT.' },
  { when: /^NoSuchUpload$/, says: () => 'The upload was ended from outside (a lifecycle rule, or somebody). Try again.' },
  {
    when: /^(InvalidAccessKeyId|SignatureDoesNotMatch|CredentialsProviderError|ExpiredToken|InvalidToken|TokenRefreshRequired|InvalidClientTokenId|UnrecognizedClientException|AuthorizationQueryParametersError)$/,
    says: ({ credentials }) =>
      credentials === undefined
        ? 'No credentials that it takes were found. Set NAGAYA_BACKUP_S3_ACCESS_KEY_ID and NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY, or what the AWS SDK looks for.'
        : 'It refuses the credentials. Correct NAGAYA_BACKUP_S3_ACCESS_KEY_ID and NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY.',
  },
  { when: /^RequestTimeTooSkewed$/, says: () => "This machine's clock is wrong. Set it, and try again." },
  { when: /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException|InvalidRegionName)$/, says: () => 'The bucket is in another region. Correct NAGAYA_BACKUP_S3_REGION.' },
  { when: /^(QuotaExceeded|QuotaExceededException|XMinioStorageFull|InsufficientStorage|EntityTooLarge)$/i, says: () => 'There is no room left in it, or an object may not be so large. Make room there, or name another place.' },
  { when: /^(AccessDenied|AllAccessDisabled|AccountProblem|Forbidden|403)$/, says: () => `It refuses this to these credentials. They need ${RIGHTS}; what an object lock holds can't be deleted before its time.` },
  { when: /^(ENOTFOUND|EAI_AGAIN|ERR_INVALID_URL)$/, says: () => 'Nothing is known by its name. Correct NAGAYA_BACKUP_S3_ENDPOINT, or NAGAYA_BACKUP_S3_PATH_STYLE where the bucket is no host of its own.' },
  { when: /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|TimeoutError|RequestTimeout|NetworkingError)$/, says: () => 'It does not answer, or broke off. Try again when it is back.' },
  { when: /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_VERIFY/, says: () => "Its certificate is not trusted here. Name the authority's in NODE_EXTRA_CA_CERTS." },
  { when: /^(SlowDown|ServiceUnavailable|InternalError|InternalServerError|5\d\d)$/, says: () => 'It answers with errors. Try again later.' },
  { when: /^(PreconditionFailed|412)$/, says: () => 'The object was replaced while it was read.' },
];

/** A service's failure in words that say what to do. What an SDK's error carries besides (headers, signatures) goes no further. */
export function explainBucket(error: unknown, settings: BucketSettings, what: string): AppError {
  if (error instanceof AppError) return error;
  const names = namesOf(error);
  const found = EXPLANATIONS.find(({ when }) => names.some((name) => when.test(name)));
  const where = `${settings.bucket}${settings.endpoint === undefined ? '' : ` at ${settings.endpoint}`}`;
  const words = error instanceof Error ? `${names[0] ?? 'error'}: ${redact(error.message, settings)}` : String(error);
  return new AppError('unavailable', [`The bucket ${where} could not ${what}.`, found?.says(settings), `(${words})`].filter((part) => part !== undefined).join(' '));
}

export function isMissing(error: unknown): boolean {
  return namesOf(error).some((name) => name === 'NoSuchKey' || name === 'NotFound');
}

/** Not every service has every request. */
export function isUnsupported(error: unknown): boolean {
  return namesOf(error).some((name) => ['NotImplemented', 'MethodNotAllowed', '501', '405'].includes(name));
}

/** How the service, the SDK, the operating system and HTTP call it, in that order. */
function namesOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [];
  const { name, Code, code, message, cause, $metadata } = error as { name?: unknown; Code?: unknown; code?: unknown; message?: unknown; cause?: unknown; $metadata?: { httpStatusCode?: number } };
  // The SDK hands on some of the operating system's errors with nothing but their message.
  const inMessage = typeof message === 'string' ? /\b(E[A-Z]{4,}|E[A-Z]+_[A-Z]+)\b/.exec(message)?.[1] : undefined;
  const own = [Code, name, code, inMessage, $metadata?.httpStatusCode].flatMap((each) => (typeof each === 'string' || typeof each === 'number' ? [String(each)] : [])).filter((each) => each !== 'Error');
  return cause === undefined ? own : [...own, ...namesOf(cause)];
}

/** Some services repeat what they were sent. */
function redact(message: string, { credentials }: BucketSettings): string {
  if (credentials === undefined) return message;
  return message.replaceAll(credentials.secretAccessKey, '***').replaceAll(credentials.accessKeyId, '***');
}
