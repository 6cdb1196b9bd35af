/** What the tests of importers share: reading a file to its end, and histories to write files of. */
import type { ImportedEvent, Importer, ImportItem } from '../../src/imports/importer.ts';
import { IMPORTERS } from '../../src/imports/table.ts';

export type Item<Kind extends ImportItem['kind']> = Extract<ImportItem, { kind: Kind }>;

export async function importerOf(name: string): Promise<Importer> {
  const load = IMPORTERS[name];
  if (load === undefined) throw new Error(`no importer ${name}`);
  return load();
}

const OPTIONS = { origin: 'https://example.com', timezone: 'UTC' };

export async function itemsOf(
  name: string,
  content: string | Uint8Array | Blob,
  file = 'export',
): Promise<ImportItem[]> {
  const importer = await importerOf(name);
  const blob = content instanceof Blob ? content : new Blob([content as string]);
  const items: ImportItem[] = [];
  for await (const item of importer.read({ name: file, blob }, OPTIONS)) items.push(item);
  return items;
}

export function eventsIn(items: readonly ImportItem[]): ImportedEvent[] {
  return items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
}

/** What items say besides events, as sentences in their order. */
export function remarksIn(items: readonly ImportItem[]): string[] {
  return items.flatMap((item) => {
    if (item.kind === 'unreadable') return [`${item.line} ${item.why}`];
    return item.kind === 'left_out' ? [`${item.line} left out: ${item.reason}`] : [];
  });
}

/** The events, views by page, visitors by day and revenue that events amount to. */
export interface Totals {
  readonly events: Record<string, number>;
  readonly names: Record<string, number>;
  readonly pages: Record<string, number>;
  readonly visitors: Record<string, number>;
  readonly revenue: Record<string, number>;
}

/** Counts events as Speck does: engagements are none, an id of an event counts once for a name. */
export function totalsOf(events: readonly ImportedEvent[]): Totals {
  const totals = { events: {}, names: {}, pages: {}, visitors: {}, revenue: {} } as Totals;
  const seen = new Set<string>();
  const visitors = new Set<string>();
  const count = (counts: Record<string, number>, key: string, by = 1) => {
    counts[key] = (counts[key] ?? 0) + by;
  };
  for (const { ts, ev = 'pageview', dl, eid, visitor, cd } of events) {
    if (ev === 'engagement' || seen.has(`${ev} ${eid}`)) continue;
    if (eid !== undefined) seen.add(`${ev} ${eid}`);
    const day = new Date(ts).toISOString().slice(0, 10);
    count(totals.events, day);
    count(totals.names, ev);
    if (ev === 'pageview') count(totals.pages, new URL(dl, 'https://example.com').pathname);
    if (visitor !== undefined && !visitors.has(`${day} ${visitor}`)) {
      visitors.add(`${day} ${visitor}`);
      count(totals.visitors, day);
    }
    if (cd?.['value'] !== undefined) count(totals.revenue, String(cd['currency'] ?? ''), Number(cd['value']));
  }
  return totals;
}

/** Whole numbers from 0, the same each time: mulberry32. */
export function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

/** A cell as Go's encoding/csv, Papa Parse and `COPY … CSV` write it. */
export function csvCell(text: string): string {
  return /[",\r\n]|^\s/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const csvRow = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\n`;
