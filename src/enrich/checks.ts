/**
 * The checks of an event, in the order in which they run. The first check that fails rejects the event, and the later ones do not
 * run. The order is policy:
 *
 * 1. Privacy comes first. If a visitor has opted out, nothing else is checked, not even whether the event is valid.
 * 2. Names, and the client that an authenticated sender describes, come before bots: both are needed to recognize a bot.
 * 3. Bots come before origins. A crawler is reported as a crawler, whatever its origin.
 * 4. Origins come before fields. For an event from another site, the owner needs to see its origin.
 */
import { ENGAGEMENT } from '../model/event.ts';
import { LIMITS } from '../model/limits.ts';
import { type Rejection, type RejectionReason, rejection } from '../model/rejection.ts';
import type { Candidate } from './candidate.ts';
import { maskEmails } from './mask.ts';
import { isAllowed, originOf } from './origins.ts';

/** What a check is about; the order of the stages is the order of the policy. */
export const STAGES = ['request', 'privacy', 'name', 'bot', 'origin', 'field'] as const;
type Stage = (typeof STAGES)[number];

/** A pure function of an event. */
export interface Check {
  readonly name: string;
  readonly stage: Stage;
  /** The reasons that it may give. */
  readonly reasons: readonly RejectionReason[];
  /** Why the event is rejected; null if it passes. */
  readonly reject: (candidate: Candidate) => Rejection | null;
}

type Failure = { readonly ok: false; readonly error: Rejection } | { readonly ok: true };
const failureOf = (result: Failure): Rejection | null => (result.ok ? null : result.error);

export const CHECKS: readonly Check[] = [
  {
    name: 'a HEAD request is not a view',
    stage: 'request',
    reasons: ['head_request'],
    reject: ({ arrival }) => (arrival.head ? rejection('head_request') : null),
  },
  {
    name: 'the visitor has opted out',
    stage: 'privacy',
    reasons: ['opted_out'],
    reject: ({ arrival }) => (arrival.client.refusal === 'opt_out' ? rejection('opted_out') : null),
  },
  {
    name: 'the visitor asks not to be followed, and the pixel drops such events',
    stage: 'privacy',
    reasons: ['refused'],
    reject: ({ asksForPrivacy, pixel }) =>
      asksForPrivacy && pixel.settings.gpc === 'drop' ? rejection('refused') : null,
  },
  {
    name: 'the name',
    stage: 'name',
    reasons: ['invalid_name'],
    reject: ({ name }) => failureOf(name),
  },
  {
    name: 'what an authenticated sender says in the place of its client',
    stage: 'name',
    reasons: ['invalid_override', 'invalid_time', 'time_in_future', 'time_too_old'],
    reject: ({ origin }) => failureOf(origin),
  },
  {
    name: 'bots and prefetches',
    stage: 'bot',
    reasons: ['prefetch', 'bot'],
    reject: ({ agentClass }) => failureOf(agentClass),
  },
  {
    name: 'the origins that the pixel allows',
    stage: 'origin',
    reasons: ['origin_not_allowed'],
    reject: ({ isAuthenticated, pixel, client }) => {
      if (isAuthenticated || isAllowed(pixel.settings.origins, client)) return null;
      const origin = originOf(client) || 'No origin';
      return rejection('origin_not_allowed', `${origin} is not on this pixel's list of origins.`);
    },
  },
  {
    name: 'the event id',
    stage: 'field',
    reasons: ['invalid_eid'],
    reject: ({ raw: { eid } }) => {
      if (eid.length > LIMITS.eid) return rejection('invalid_eid');
      if (maskEmails(eid) === eid) return null;
      return rejection('invalid_eid', 'The event id holds an e-mail address.');
    },
  },
  {
    name: 'the page',
    stage: 'field',
    reasons: ['invalid_url'],
    reject: ({ page }) => failureOf(page),
  },
  {
    // It needs the page, which makes a page view of the same page an engagement.
    name: 'engagement is counted of visitors who may be followed',
    stage: 'field',
    reasons: ['refused'],
    reject: ({ asksForPrivacy, countedName }) =>
      asksForPrivacy && countedName === ENGAGEMENT ? rejection('refused') : null,
  },
  {
    name: 'user id and hashed user data',
    stage: 'field',
    reasons: ['invalid_uid', 'unhashed_user_data'],
    reject: ({ identifiers }) => failureOf(identifiers),
  },
];

/** Why an event is rejected; null if it passes every check. */
export function rejectionOf(candidate: Candidate): Rejection | null {
  for (const { reject } of CHECKS) {
    const failure = reject(candidate);
    if (failure !== null) return failure;
  }
  return null;
}
