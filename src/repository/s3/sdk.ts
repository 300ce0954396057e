import type { S3Client } from "@aws-sdk/client-s3";
import { scrubber } from "../../core/scrub.ts";
import type { S3Settings } from "../../inventory/model.ts";
import { present } from "../../inventory/to-values.ts";

export type Sdk = typeof import("@aws-sdk/client-s3");

/** The library, loaded, and a client of it for one server. */
export interface S3 {
  readonly sdk: Sdk;
  readonly client: S3Client;
  /** The server, for messages: `http://10.0.0.1:9000`, or Amazon's. */
  readonly server: string;
}

/** A connection that takes longer than this to be made is none. */
const CONNECT_MS = 10_000;
/** Neither side said anything for so long: the request is made again. */
const IDLE_MS = 60_000;
const ATTEMPTS = 5;

/** A client for the server of the settings; what they leave out is taken from where the AWS programs take it. */
export async function connectS3(settings: S3Settings, env: NodeJS.ProcessEnv): Promise<S3> {
  const sdk = await import("@aws-sdk/client-s3");
  for (const name of ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]) scrubber.learn(env[name] ?? "");
  const endpoint = settings.endpoint ?? (env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined);
  const region = settings.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined);
  const client = new sdk.S3Client({
    ...present({ endpoint, region: region ?? (endpoint ? "us-east-1" : undefined) }),
    ...credentialsOf(settings, env),
    forcePathStyle: settings.pathStyle ?? endpoint !== undefined,
    // Checksums in trailers are Amazon's own: many other servers refuse them, or store them as part of the object.
    requestChecksumCalculation: endpoint ? "WHEN_REQUIRED" : "WHEN_SUPPORTED",
    responseChecksumValidation: endpoint ? "WHEN_REQUIRED" : "WHEN_SUPPORTED",
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: IDLE_MS },
  });
  return { sdk, client, server: endpoint ?? "Amazon S3" };
}

function credentialsOf({ accessKey, secretKey, sessionToken }: S3Settings, env: NodeJS.ProcessEnv) {
  if (accessKey && secretKey) {
    return {
      credentials: async () => ({
        accessKeyId: await accessKey(),
        secretAccessKey: await secretKey(),
        ...present({ sessionToken: await sessionToken?.() }),
      }),
    };
  }
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return {};
  return {
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...present({ sessionToken: AWS_SESSION_TOKEN || undefined }),
    },
  };
}
