import { isBase58, randomBase58 } from './random.ts';

/** The scopes of tokens. `ADMIN_TOKEN` has all of them, and only it can create tokens. */
export const SCOPES = ['pixels:write', 'events:write', 'stats:read'] as const;
export type Scope = (typeof SCOPES)[number];

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The one pixel that the token is for; null for all pixels. */
  readonly pixel: string | null;
  /** Epoch milliseconds. */
  readonly created_at: number;
}

/** A shorter ADMIN_TOKEN, which the owner chooses, could be guessed over time, however slowly. */
export const MIN_ADMIN_TOKEN_LENGTH = 32;

/** Characters of a secret: of a token without its prefix, of a shared link, of a session. */
const SECRET_LENGTH = 40;
const TOKEN_PREFIX = 'speck_';

export const newSecret = (): string => randomBase58(SECRET_LENGTH);
export const isSecret = (text: string): boolean => isBase58(text, SECRET_LENGTH);

export const newToken = (): string => TOKEN_PREFIX + newSecret();
export const isToken = (text: string): boolean =>
  text.startsWith(TOKEN_PREFIX) && isSecret(text.slice(TOKEN_PREFIX.length));

/** Characters of the id of a public page, without its prefix. It is no secret, but a page that nobody published cannot be found. */
const PUBLIC_ID_LENGTH = 16;
const PUBLIC_ID_PREFIX = 'pub_';

export const newPublicId = (): string => PUBLIC_ID_PREFIX + randomBase58(PUBLIC_ID_LENGTH);
export const isPublicId = (text: string): boolean =>
  text.startsWith(PUBLIC_ID_PREFIX) && isBase58(text.slice(PUBLIC_ID_PREFIX.length), PUBLIC_ID_LENGTH);
