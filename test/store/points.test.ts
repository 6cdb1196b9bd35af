import { describe, expect, it, vi } from 'vitest';
import { KIND } from '../../src/engine/point.ts';
import type { PlacedEvent } from '../../src/model/batch.ts';
import { Budget } from '../../src/store/budget.ts';
import { MAX_POINT_AGE, writeCopies, writeEvents } from '../../src/store/points.ts';
import { place } from '../fixtures.ts';

const AT = Date.parse('2026-03-04T10:00:00Z');
const pixel = { id: 'px_1111111111111111', timezone: 'UTC' } as Parameters<typeof place>[0];
const event = (id: string, more: object = {}): PlacedEvent =>
  place(pixel, { id, name: 'pageview', ts: AT, visitor: 'v', ...more } as Parameters<typeof place>[1]);
const events = (count: number): PlacedEvent[] =>
  Array.from({ length: count }, (_, index) => event(`e${index}`));

/** Records points, and refuses those from the given one on. */
function recorder(most = Number.POSITIVE_INFINITY) {
  const points: AnalyticsEngineDataPoint[] = [];
  const dataset: AnalyticsEngineDataset = {
    writeDataPoint: (point = {}) => {
      if (points.length >= most) throw new Error('too many data points');
      points.push(point);
    },
  };
  return { dataset, points };
}

const ids = (points: readonly AnalyticsEngineDataPoint[]): string[] =>
  points.map(({ blobs = [] }) => String(blobs.at(-1)));

describe('points of events', () => {
  it('are at most 250 an invocation, in batches of any size; the rest is returned', () => {
    const { dataset, points } = recorder();
    const budget = new Budget(250);
    const left = [100, 100, 100].flatMap((count) => writeEvents(dataset, events(count), budget));
    expect(points).toHaveLength(250);
    expect(left.map((one) => one.event.id)).toEqual(
      events(100)
        .slice(50)
        .map((one) => one.event.id),
    );
  });

  it('are returned from the one on that the platform refuses, without asking for the rest', () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { dataset, points } = recorder(3);
    const budget = new Budget(250);
    const left = writeEvents(dataset, events(10), budget);
    expect([ids(points), left.map((one) => one.event.id)]).toEqual([
      ['e0', 'e1', 'e2'],
      ['e3', 'e4', 'e5', 'e6', 'e7', 'e8', 'e9'],
    ]);
    expect(budget.left).toBe(0);
    expect(log).toHaveBeenCalledTimes(1);
  });

  it('are returned if they exceed a point, alone', () => {
    const { dataset, points } = recorder();
    const large = event('large', { page: '\u20ac'.repeat(20_000) });
    expect(writeEvents(dataset, [event('a'), large, event('b')], new Budget(250))).toEqual([large]);
    expect(ids(points)).toEqual(['a', 'b']);
  });
});

describe('copies', () => {
  it('are of events of the last ten minutes only', () => {
    const { dataset, points } = recorder();
    const some = [
      event('old', { ts: AT - MAX_POINT_AGE - 1 }),
      event('recent', { ts: AT - MAX_POINT_AGE }),
      event('ahead', { ts: AT + 1000 }),
    ];
    writeCopies(
      dataset,
      some.map((one) => one.event),
      AT,
      new Budget(250),
    );
    expect(ids(points)).toEqual(['recent', 'ahead']);
    expect(points.map(({ doubles = [] }) => doubles[2])).toEqual([KIND.copy, KIND.copy]);
  });

  it('fail without failing the batch', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(() =>
      writeCopies(
        recorder(0).dataset,
        events(2).map((one) => one.event),
        AT,
        new Budget(250),
      ),
    ).not.toThrow();
  });
});
