/** Reads what is stored of someone for advertising networks: the clicks that are kept, and what was sent or waits to be. */
import type { ClickParameter } from '../model/conversion.ts';
import type { DeliveryState, SentField } from '../model/delivery.ts';
import type { NetworkName } from '../model/destination.ts';

/** A click that is kept. The id itself is sealed, and not shown. */
export interface ClickTrace {
  readonly parameter: ClickParameter;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface DeliveryTrace {
  readonly network: NetworkName;
  /** The name of the event. */
  readonly name: string;
  /** When the event happened, in epoch milliseconds. */
  readonly ts: number;
  readonly state: DeliveryState;
  /** Epoch milliseconds; null if it was not sent. */
  readonly sent_at: number | null;
  /** What was sent, by the names of the fields. */
  readonly fields: readonly SentField[];
}

/** The latest deliveries that are shown of someone. */
export const MAX_DELIVERIES = 200;

const DELIVERY = `json_array(d.network, v.name, v.ts, v.state, v.sent_at, json(coalesce(v.fields, '[]')))`;

/**
 * SQL for the JSON of the clicks of people, a list of parameters and times. Of several aliases with one parameter the latest counts. The
 * parameters are SQL: a pixel, and the JSON list of aliases.
 */
export const clicksSql = (pixel: string, people: string): string => `(
  SELECT json_group_array(json_array(parameter, at) ORDER BY at DESC, parameter)
  FROM (
    SELECT c.parameter, max(c.at) AS at
    FROM json_each(${people}) a CROSS JOIN clicks c ON c.pixel = ${pixel} AND c.person = a.value AND a.value <> ''
    GROUP BY c.parameter))`;

/** SQL for the JSON of the latest deliveries of people and of a visitor. The parameters are SQL; `''` is no visitor. */
export const deliveriesSql = (pixel: string, people: string, visitor: string): string => `(
  SELECT json_group_array(${DELIVERY} ORDER BY v.ts DESC, d.id)
  FROM (
    SELECT * FROM (
      SELECT v.* FROM json_each(${people}) a
      CROSS JOIN deliveries v INDEXED BY deliveries_person ON v.pixel = ${pixel} AND v.person = a.value AND v.person <> ''
      UNION
      SELECT v.* FROM deliveries v INDEXED BY deliveries_visitor WHERE v.pixel = ${pixel} AND v.visitor = ${visitor} AND v.visitor <> '')
    ORDER BY ts DESC, destination LIMIT ${MAX_DELIVERIES}) v
  JOIN destinations d ON d.id = v.destination)`;

export function clicksIn(json: string): ClickTrace[] {
  return (JSON.parse(json) as [ClickParameter, number][]).map(([parameter, at]) => ({ parameter, at }));
}

type DeliveryValues = [NetworkName, string, number, DeliveryState, number | null, readonly SentField[]];

export function deliveriesIn(json: string): DeliveryTrace[] {
  return (JSON.parse(json) as DeliveryValues[]).map(([network, name, ts, state, sent_at, fields]) => ({
    network,
    name,
    ts,
    state,
    sent_at,
    fields,
  }));
}

/** What is stored of the person with these aliases. */
export async function relayOfPerson(
  db: D1Database,
  pixel: string,
  aliases: readonly string[],
): Promise<{ readonly clicks: ClickTrace[]; readonly deliveries: DeliveryTrace[] }> {
  const row = await db
    .prepare(`SELECT ${clicksSql('?1', '?2')} AS clicks, ${deliveriesSql('?1', '?2', "''")} AS deliveries`)
    .bind(pixel, JSON.stringify(aliases))
    .first<{ clicks: string; deliveries: string }>();
  return { clicks: clicksIn(row?.clicks ?? '[]'), deliveries: deliveriesIn(row?.deliveries ?? '[]') };
}
