/** Reads what is kept of the people of conversions that are about to be sent: their clicks on advertisements, withdrawals of their consent, and erasures. */
import { CLICK_DAYS, CLICK_PARAMETERS, type Click, type ClickParameter } from '../model/conversion.ts';
import type { Secrets } from '../model/secret-key.ts';
import { type ClickKey, openClick } from './sealed-clicks.ts';

/** A click that is kept for a person. It is opened only if a conversion needs it. */
export interface KeptClick extends ClickKey {
  /** Sealed. */
  readonly click: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What is known of people of a pixel, by their aliases. */
export interface PeopleOfConversions {
  readonly clicks: ReadonlyMap<string, readonly KeptClick[]>;
  /** When they last withdrew their consent, or were erased, in epoch milliseconds. */
  readonly withdrawals: ReadonlyMap<string, number>;
}

const CLICK_AGE = CLICK_DAYS * 86_400_000;

/** One statement. @throws what D1 throws. */
export async function readPeople(
  db: D1Database,
  pixel: string,
  people: readonly string[],
): Promise<PeopleOfConversions> {
  const clicks = new Map<string, KeptClick[]>();
  const withdrawals = new Map<string, number>();
  if (people.length === 0) return { clicks, withdrawals };
  const { results } = await db
    .prepare(
      `SELECT c.person, c.parameter, c.click, c.at FROM json_each(?2) j CROSS JOIN clicks c ON c.pixel = ?1 AND c.person = j.value
       UNION ALL
       SELECT w.person, '', '', w.at FROM json_each(?2) j CROSS JOIN withdrawals w ON w.pixel = ?1 AND w.person = j.value
       UNION ALL
       SELECT x.who, '', '', x.at FROM json_each(?2) j CROSS JOIN erasures x ON x.pixel = ?1 AND x.who = j.value`,
    )
    .bind(pixel, JSON.stringify([...new Set(people)]))
    .all<{ person: string; parameter: string; click: string; at: number }>();
  for (const { person, parameter, click, at } of results) {
    if (parameter === '') withdrawals.set(person, Math.max(at, withdrawals.get(person) ?? 0));
    else if (Object.hasOwn(CLICK_PARAMETERS, parameter)) {
      const kept: KeptClick = { pixel, person, parameter: parameter as ClickParameter, click, at };
      clicks.set(person, [...(clicks.get(person) ?? []), kept]);
    }
  }
  return { clicks, withdrawals };
}

/**
 * The latest click for each parameter, among those that came before a time and are not older than 90 days then.
 *
 * @param ts the time of the conversion, in epoch milliseconds.
 */
export async function openClicks(
  secrets: Secrets,
  kept: readonly KeptClick[],
  ts: number,
): Promise<{ readonly [Parameter in ClickParameter]?: Click }> {
  const latest = new Map<ClickParameter, KeptClick>();
  for (const click of kept) {
    if (click.at > ts || click.at < ts - CLICK_AGE) continue;
    if (click.at > (latest.get(click.parameter)?.at ?? Number.NEGATIVE_INFINITY))
      latest.set(click.parameter, click);
  }
  const opened = await Promise.all(
    Array.from(
      latest.values(),
      async (click) => [click.parameter, await openClick(secrets, click, click.click)] as const,
    ),
  );
  return Object.fromEntries(opened.filter(([, click]) => click !== null));
}
