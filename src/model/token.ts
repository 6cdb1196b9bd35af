import { isBase58, randomBase58 } from './random.ts';

/** What a token may do. `ADMIN_TOKEN` may do all of it, and alone makes tokens. */
export const SCOPES = ['pixels:write', 'events:write', 'stats:read'] as const;
export type Scope = (typeof SCOPES)[number];

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The one pixel it is for, or null for all. */
  readonly pixel: string | null;
  /** Epoch milliseconds. */
  readonly created_at: number;
}

/** Random characters of a secret: of a token after its prefix, of a shared link, of a session. */
const SECRET_LENGTH = 40;
const TOKEN_PREFIX = 'speck_';

export const newSecret = (): string => randomBase58(SECRET_LENGTH);
export const isSecret = (text: string): boolean => isBase58(text, SECRET_LENGTH);

export const newToken = (): string => TOKEN_PREFIX + newSecret();
export const isToken = (text: string): boolean =>
  text.startsWith(TOKEN_PREFIX) && isSecret(text.slice(TOKEN_PREFIX.length));
