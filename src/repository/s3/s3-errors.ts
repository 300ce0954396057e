import { messageOf, RedishaError } from "../../core/errors.ts";
import { objectExists, objectMissing, type StoreFailure, storeError } from "../store-errors.ts";

/** What an error is about. */
export interface S3Place {
  readonly shown: string;
  readonly bucket: string;
  readonly server: string;
  /** Empty where it is about the bucket itself. */
  readonly key: string;
}

/** The name that S3 has for an error, or the system's; `status` counts where a server gives none, as to HEAD. */
export function s3Code(error: unknown): { readonly code: string; readonly status: number | undefined } {
  if (!(error instanceof Error)) return { code: "", status: undefined };
  const meta = "$metadata" in error ? (error.$metadata as { httpStatusCode?: number }) : {};
  const system = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { code: system ?? error.name, status: meta.httpStatusCode };
}

/** What an S3 server, or the way to it, said, as an error of the store. */
export function s3Error(place: S3Place, cause: unknown): Error {
  if (cause instanceof RedishaError) return cause;
  const { code, status } = s3Code(cause);
  const { shown, key, server } = place;
  if (code === "NoSuchKey" || code === "NotFound") return objectMissing(shown, key, cause);
  if (code === "PreconditionFailed" || code === "ConditionalRequestConflict") return objectExists(shown, key, cause);
  const kind = KINDS.find(({ names, statuses }) => names.test(code) || statuses?.includes(status ?? 0));
  if (kind) return storeError({ ...kind.says(place, cause), cause });
  if (status === undefined && !("$metadata" in (cause as object))) return cause as Error;
  return storeError({
    code: "REPOSITORY_FAILED",
    message: `${server} refused ${key || place.bucket}: ${words(cause)}.`,
    cause,
  });
}

interface Kind {
  readonly names: RegExp;
  readonly statuses?: readonly number[];
  readonly says: (place: S3Place, cause: unknown) => StoreFailure;
}

const KINDS: readonly Kind[] = [
  {
    names: /^(NoSuchBucket|InvalidBucketName)$/,
    says: ({ bucket, server }) => ({
      code: "REPOSITORY_NOT_FOUND",
      message: `There is no bucket ${bucket} at ${server}.`,
      next: [`create it: aws s3 mb s3://${bucket}`, "or mend `repository` in redisha.yaml"],
    }),
  },
  {
    names: /^(PermanentRedirect|IllegalLocationConstraintException|AuthorizationHeaderMalformed)$/,
    statuses: [301],
    says: ({ bucket }) => ({
      code: "REPOSITORY_NOT_FOUND",
      message: `The bucket ${bucket} is in another region than the one that was asked.`,
      next: ["`backup: { s3: { region: … } }` in redisha.yaml, or AWS_REGION"],
    }),
  },
  {
    names: /^(RequestTimeTooSkewed|RequestExpired)$/,
    says: ({ server }) => ({
      code: "REPOSITORY_CLOCK",
      message: `The clock of this machine and that of ${server} are too far apart: it does not accept the signature.`,
      next: ["timedatectl", "chronyc tracking"],
    }),
  },
  {
    names:
      /^(InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignature|ExpiredToken\w*|InvalidToken|TokenRefreshRequired|NotSignedUp)$/,
    says: ({ server }, cause) => ({
      code: "REPOSITORY_CREDENTIALS",
      message: `${server} does not accept the access key or its secret (${s3Code(cause).code}).`,
      next: ["check `backup: { s3: { access_key, secret_key } }` in redisha.yaml, or AWS_ACCESS_KEY_ID and its secret"],
    }),
  },
  {
    names: /^(CredentialsProviderError|ProviderError|TokenProviderError)$/,
    says: ({ server }) => ({
      code: "REPOSITORY_CREDENTIALS",
      message: `There is no access key for ${server}.`,
      next: [
        "`backup: { s3: { access_key, secret_key } }` in redisha.yaml, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
      ],
    }),
  },
  {
    names: /^(QuotaExceeded|QuotaExceededException|InsufficientStorage|XMinioStorageFull|ServiceQuotaExceeded\w*)$/,
    statuses: [507],
    says: ({ key, bucket, server }) => ({
      code: "REPOSITORY_FULL",
      message: `There is no room for ${key} in the bucket ${bucket} at ${server}.`,
      next: ["redisha backup prune"],
    }),
  },
  {
    names: /^(AccessDenied|AllAccessDisabled|AccountProblem|MethodNotAllowed|InvalidObjectState)$/,
    statuses: [401, 403, 405],
    says: ({ bucket, key, server }, cause) => ({
      code: "REPOSITORY_DENIED",
      message: `${server} does not allow this in the bucket ${bucket}${key ? ` (${key})` : ""}: ${words(cause)}.`,
      next: ["the key needs s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload"],
    }),
  },
  {
    names:
      /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|TimeoutError|UND_\w+)$/,
    says: ({ server }, cause) => ({
      code: "REPOSITORY_UNREACHABLE",
      message: `${server} cannot be reached: ${messageOf(cause)}.`,
      next: [`curl -sSI ${server.startsWith("http") ? server : "https://s3.amazonaws.com"}`],
    }),
  },
  {
    names: /^(CERT_\w+|ERR_TLS_\w+|SELF_SIGNED_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_\w+|EPROTO|ERR_SSL_\w+)$/,
    says: ({ server }, cause) => ({
      code: "REPOSITORY_UNREACHABLE",
      message: `The certificate of ${server} cannot be verified: ${messageOf(cause)}.`,
      next: ["NODE_EXTRA_CA_CERTS=FILE names certificates to trust"],
    }),
  },
  {
    names: /^(InternalError|ServiceUnavailable|SlowDown|RequestTimeout|OperationAborted)$/,
    statuses: [429, 500, 502, 503, 504],
    says: ({ server, key, bucket }, cause) => ({
      code: "REPOSITORY_UNREACHABLE",
      message: `${server} did not manage ${key || bucket} in five attempts: ${words(cause)}.`,
      next: ["try again later"],
    }),
  },
];

/** Of errors without a name, servers' pages and the library's own "UnknownError", the status says more. */
function words(cause: unknown): string {
  const { code, status } = s3Code(cause);
  const message = messageOf(cause).replace(/\.$/, "");
  const named = message === "" || /^(Unknown|UnknownError)$/.test(message) || message.length > 200 ? code : message;
  return status === undefined ? named : `${named} (${status})`;
}
