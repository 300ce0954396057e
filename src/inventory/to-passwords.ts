import type { Surroundings } from "./paths.ts";
import { type SecretSource, secretReader } from "./secrets.ts";

interface Declared {
  readonly password: SecretSource;
  readonly previous_password?: SecretSource | undefined;
}

interface Passwords {
  readonly password: () => Promise<string>;
  readonly previousPassword?: () => Promise<string>;
}

/** The readers of a login's passwords: the one that counts, and the one before while it is being changed. */
export function passwordsOf({ password, previous_password: previous }: Declared, around: Surroundings): Passwords {
  return {
    password: secretReader(password, around),
    ...(previous === undefined ? {} : { previousPassword: secretReader(previous, around) }),
  };
}
