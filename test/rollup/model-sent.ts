/** The events that the model's test sends, with what a history knows nothing of. */
import { local, type OracleEvent } from '../oracle.ts';
import type { Sent } from './model.ts';

/** The weaker aliases that an event of a person may show. */
const WEAKER: Readonly<Record<string, readonly string[]>> = {
  uann: ['exe', 'ceve', 'cother'],
  exe: ['ceve', 'cother'],
};
/** Two of either are more than a sum holds. */
const HUGE = [
  { value: 3 * 2 ** 61, currency: 'XTS' },
  { value: -3 * 2 ** 61, currency: 'XXX' },
];
/** What visitor hashes begin with, so that they lie in different slices. */
const BEGINNINGS = ['-', 'A', 'Z', 'a', 'z'];

interface Sending {
  readonly events: readonly OracleEvent[];
  /** How long ago the latest of them was. */
  readonly ago: number;
  readonly seed: number;
}

export class Sender {
  #sent = 0;

  /** Events of the hours before now, with what the history knows nothing of. */
  sentOf({ events, ago, seed }: Sending, zone: string, now: number): Sent[] {
    const last = Math.max(...events.map(({ ts }) => ts));
    const batch = this.#sent++;
    return events.map((event, index): Sent => {
      const dice = seed + index * 31;
      const ts = event.ts - last + now - ago;
      const weaker = WEAKER[String(event['person'])] ?? [];
      const alias = weaker[dice % (weaker.length + 2)];
      return {
        event: {
          ...event,
          ts,
          id: `e${String(batch).padStart(3, '0')}${event.id}`,
          eid: dice % 3 === 0 ? `x${dice % 3}` : '',
          visitor: visitorOf(event.visitor, zone, ts),
          currency: event['currency'] ?? '',
          ...(dice % 7 === 3 && event.name !== 'engagement' ? HUGE[dice % 2] : {}),
        },
        aliases: alias === undefined ? [] : [alias],
      };
    });
  }

  /** Two other reports of each event that has a client's id, at other times within and beyond its window. */
  reportsOf(sent: readonly Sent[], seed: number, now: number): Sent[] {
    const batch = this.#sent++;
    return sent.flatMap(({ event }, index) =>
      [1, -1].flatMap((way): Sent[] => {
        const ts = event.ts + way * ((seed + index) % 60) * 3_600_000;
        const id = `r${batch}${way}${event.id}`;
        return event['eid'] === '' || ts > now
          ? []
          : [{ event: { ...event, ts, id, visitor: '' }, aliases: [] }];
      }),
    );
  }
}

function visitorOf(name: string, zone: string, ts: number): string {
  if (name === '') return '';
  const { day } = local(zone, ts);
  const beginning = BEGINNINGS[(name.charCodeAt(0) + Number(day.slice(8))) % BEGINNINGS.length];
  return `${beginning}${name}${day}`;
}
