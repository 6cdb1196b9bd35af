/**
 * Every reason for which an event is not stored. The list is closed: the owner's explanations, the API's messages and
 * the counters are all made from it.
 */
export const REJECTION_REASONS = {
  missing_id: 'No pixel id: send id=px_… with the event.',
  unknown_pixel: 'No pixel has this id. Was it deleted, or mistyped?',
  bot: 'The user agent is that of a crawler, a monitor or a script.',
  prefetch: 'The browser fetched the page ahead of a visit that may never come.',
  head_request: 'A HEAD request asks about the pixel; it is not a view.',
  invalid_event: 'The event is not an object of fields.',
  invalid_name: 'The event name is empty or too long.',
  invalid_eid: 'The event id is too long.',
  invalid_url: 'The page URL is not an http or https URL.',
  invalid_time: 'The time is neither ISO 8601 nor epoch milliseconds.',
  time_in_future: 'The time lies in the future.',
  time_too_old: 'The time lies before the year 2000.',
  invalid_value:
    'The value is not a number such as 12.50, or too large. The event was stored, without its amount.',
  invalid_currency:
    'The currency is not one of ISO 4217, such as EUR. The event was stored, without its amount.',
  invalid_override: 'An override (ip, ua, country) is not what it should be.',
  unhashed_user_data:
    'User data (ud) is taken as SHA-256 in hex only. Hash it before it leaves the page: docs/tag.md says how.',
  invalid_uid: 'The user id is too long.',
  unproven_identity:
    'The user id is not signed, or its signature is wrong. The event was stored, without a person.',
  opted_out: 'The visitor has opted out. Nothing is kept of it but this count.',
  refused:
    'The visitor asks not to be followed, and this pixel drops such events. Nothing is kept but this count.',
  origin_not_allowed: 'The page is not on an origin that this pixel allows.',
  rate_limited: 'Too many events from one address.',
  unstorable: 'The store refused this event and no other of its batch.',
  erased: 'Of somebody who has been erased since it happened.',
  day_closed: "The raw events of this event's day are past retention and gone, so the day can take no more.",
} as const;

export type RejectionReason = keyof typeof REJECTION_REASONS;

/** An event that was not stored, or what was left out of one that was; and why. */
export interface Rejection {
  readonly reason: RejectionReason;
  /** What was wrong in this case, with nothing personal in it. */
  readonly detail: string;
  /** Of a bot: what it calls itself. */
  readonly family?: string;
}

/** @param detail what was wrong in this case, if there is more to say than the reason says. */
export function rejection(reason: RejectionReason, detail: string = REJECTION_REASONS[reason]): Rejection {
  return { reason, detail };
}
