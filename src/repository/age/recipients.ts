import type { Recipient } from "age-encryption";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";

/** Who can decrypt: parsed once, used for every file. */
export interface AgeRecipients {
  /** As they were written; they are public. */
  readonly shown: readonly string[];
  /** For age-encryption, which knows `age1…` itself. */
  readonly wrappers: readonly (string | Recipient)[];
}

/**
 * Reads recipients: `age1…` (X25519, also the post-quantum `age1pq1…`), `ssh-ed25519 AAAA…` and `ssh-rsa AAAA…`. Undefined for
 * none. Fails with AGE_RECIPIENT_INVALID.
 */
export async function readRecipients(written: readonly string[]): Promise<AgeRecipients | undefined> {
  if (written.length === 0) return undefined;
  const { Encrypter } = await import("age-encryption");
  const wrappers = await Promise.all(
    written.map(async (text) => {
      try {
        if (text.startsWith("ssh-")) {
          const { sshRecipient } = await import("./ssh-recipient.ts");
          return sshRecipient(text);
        }
        // Only to hear at once whether it is one.
        new Encrypter().addRecipient(text);
        return text;
      } catch (error) {
        throw invalid(text, error);
      }
    }),
  );
  return { shown: written, wrappers };
}

function invalid(text: string, cause: unknown): RedishaError {
  return new RedishaError({
    code: "AGE_RECIPIENT_INVALID",
    message: `\`${text.slice(0, 40)}${text.length > 40 ? "…" : ""}\` is no age recipient: ${messageOf(cause)}.`,
    exit: EXIT.usage,
    state: "nothing was read or written",
    next: ["age-keygen -y KEYFILE prints the recipient of a key"],
    cause,
  });
}
