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
