/** One step of a deploy. The list of steps is data: what runs, what a dry run prints and what a failure says come from it. */
import type { Deployment } from './deployment.ts';

export interface Step {
  /** What the output calls it. */
  readonly name: string;
  /** What it would do, as a sentence in the imperative; null if this deployment does not have the step. */
  would(deployment: Deployment): string | null;
  /**
   * Does it, unless an earlier deploy has.
   *
   * @returns a sentence about what was done or found.
   * @throws StepError
   */
  run(deployment: Deployment): Promise<string>;
  /** The permission that an API token needs for it. */
  readonly permission: string | null;
}

/** A step has failed. The message says why, and what to do. */
export class StepError extends Error {}

/** What Cloudflare says when a token, or someone who is signed in, lacks a permission. */
const REFUSED = /\[code: (10000|9109|10023)\]|Authentication error|Unauthorized/;

/** Failures that only the owner can mend, by what Cloudflare says. */
const ADVICE: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [
    /\[code: 10042\]|enable R2/i,
    'The account does not have R2 yet: open R2 once in the dashboard of Cloudflare, or remove [[r2_buckets]] from wrangler.toml.',
  ],
  [
    /\[code: 10089\]/,
    'Open the URL in the message once, to enable Analytics Engine; or remove [[analytics_engine_datasets]] from wrangler.toml.',
  ],
  [/\[code: 100328\]/, 'The free plan allows no limit of CPU time: comment [limits] out in wrangler.toml.'],
  [
    /workers\.dev subdomain/i,
    "The account has no name under workers.dev yet: open Workers once in Cloudflare's dashboard, and choose one.",
  ],
  [
    /could not find zone|\[code: (10082|100117|10007[36])\]/i,
    'The domain must belong to a zone of the same account.',
  ],
];

/** What to do about a failure, as far as its text tells; empty if it does not. */
export function adviceFor(text: string, permission: string | null): string[] {
  const known = ADVICE.filter(([pattern]) => pattern.test(text)).map(([, advice]) => advice);
  if (permission === null || !REFUSED.test(text)) return known;
  return [
    ...known,
    `Cloudflare refused it. An API token needs the permission ${permission}. If you are signed in by wrangler login, ask for a role that may` +
      ' deploy Workers, or sign in again.',
  ];
}
