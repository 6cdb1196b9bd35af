/** Which Workers plan an account has. Nothing that a Worker can read says so, but some things are possible on one plan only. */
import { type Plan, platformLimit } from '../platform-limits.ts';
import type { Configuration } from './configuration.ts';
import type { Diagnostics } from './facts.ts';

export interface KnownPlan {
  readonly name: Plan;
  readonly why: string;
}

/** @param given what the owner says. */
export function planOf(
  given: Plan | undefined,
  diagnostics: Diagnostics | null,
  configuration: Configuration | null,
): KnownPlan {
  if (given !== undefined) return { name: given, why: 'as you say' };
  const size = diagnostics?.database?.size_bytes ?? 0;
  if (size > (platformLimit('d1 database size', 'free') ?? Number.POSITIVE_INFINITY)) {
    return { name: 'paid', why: 'the database is larger than the free plan allows' };
  }
  if (configuration?.limits?.cpu_ms !== undefined) {
    return { name: 'paid', why: 'wrangler.toml limits the CPU time, which the free plan refuses' };
  }
  if ((diagnostics?.cron_statements ?? 0) > (platformLimit('d1 queries of an invocation', 'free') ?? 0)) {
    return { name: 'paid', why: 'CRON_STATEMENTS is beyond the free plan' };
  }
  return { name: 'free', why: 'assumed; say --plan paid if it is the paid one' };
}
