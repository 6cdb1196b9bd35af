/** The demo: what its history looks like, that its live feed goes on at the same pace, and which folder it may empty. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_DAYS, DemoHistory, type Row } from '../../scripts/lib/demo-history.ts';
import { resetDemoState } from '../../scripts/lib/demo-state.ts';
import { secretIn } from '../../scripts/lib/dev-vars.ts';
import type { DestinationSummaryJson, DestinationsJson } from '../../src/model/relay-json.ts';
import { copyProject, type Project, type Script } from './project.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A Thursday, at half past three in Berlin. */
const NOW = Date.parse('2026-11-26T14:30:00Z');

const timeOf = ({ ts }: Row): number => Date.parse(ts);

/** The times of each visitor's events, in order. */
function timesOfVisitors(rows: readonly Row[]): number[][] {
  const visitors = Map.groupBy(rows, ({ visitor }) => String(visitor));
  return [...visitors.values()].map((own) => own.map(timeOf).toSorted((one, other) => one - other));
}

/** Visits as Speck counts them: a visitor's events with no gap of more than half an hour. */
function visitsIn(rows: readonly Row[]): number {
  return timesOfVisitors(rows).reduce(
    (sum, times) =>
      sum + times.filter((time, at) => at === 0 || time - (times[at - 1] ?? 0) > 30 * MINUTE).length,
    0,
  );
}

describe('the history', () => {
  const history = new DemoHistory();
  const days = [...history.days(NOW)];
  const rows = days.flat();

  it('has sixty days, nothing of the future, and no id twice', () => {
    expect(days).toHaveLength(DEMO_DAYS);
    expect(rows.filter((row) => timeOf(row) > NOW)).toEqual([]);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });

  it('has visitors with several visits on a day, who are nobody else the day after', () => {
    const visitors = timesOfVisitors(rows);
    const ratio = visitsIn(rows) / visitors.length;
    expect(ratio).toBeGreaterThan(1.2);
    expect(ratio).toBeLessThan(1.6);
    for (const times of visitors) expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThan(25 * HOUR);
    const [first, second] = days.slice(-3).map((day) => new Set(day.map(({ visitor }) => visitor)));
    expect([...(first ?? [])].filter((visitor) => second?.has(visitor)).length).toBeLessThan(3);
  });

  it('has people who return on other days, some with two devices', () => {
    const own = rows.filter(({ person }) => person !== '');
    const people = [...Map.groupBy(own, ({ person }) => person).values()];
    const returned = people.filter((events) => new Set(events.map(({ ts }) => ts.slice(0, 10))).size > 1);
    const withTwo = people.filter((events) => new Set(events.map(({ device }) => device)).size > 1);
    expect(returned.length).toBeGreaterThan(people.length / 2);
    expect(withTwo.length).toBeGreaterThan(5);
  });

  it('has what makes a first look good', () => {
    const variety = (name: string): number => new Set(rows.map((row) => row[name])).size;
    expect(variety('country')).toBeGreaterThan(12);
    expect(variety('device')).toBeGreaterThan(1);
    expect(variety('utm_campaign')).toBeGreaterThan(3);
    const last = days.slice(-30).flat();
    for (const name of ['AddToCart', 'Purchase', 'Signup']) {
      expect(last.filter((row) => row['name'] === name).length, name).toBeGreaterThan(20);
    }
    expect(last.filter(({ name, value }) => name === 'Purchase' && Number(value) > 0)).not.toEqual([]);
    expect(last.filter(({ props }) => props !== undefined)).not.toEqual([]);
  });

  it('goes on at its own pace, hour by hour', () => {
    const from = NOW;
    const until = NOW + 6 * HOUR;
    const feed: Row[] = [];
    for (let now = from; now <= until; now += 2000) {
      const next = history.continue(now);
      expect(next.filter((row) => timeOf(row) > now)).toEqual([]);
      feed.push(...next);
    }
    // The same hours of the four weeks before. Growth makes them a little less.
    const before = [1, 2, 4, 5].map((weeks) => {
      const shift = weeks * 7 * 24 * HOUR;
      return visitsIn(rows.filter((row) => timeOf(row) > from - shift && timeOf(row) <= until - shift));
    });
    const usual = before.reduce((sum, count) => sum + count) / before.length;
    expect(visitsIn(feed)).toBeGreaterThan(usual * 0.7);
    expect(visitsIn(feed)).toBeLessThan(usual * 1.5);
    expect(new Set([...rows, ...feed].map(({ id }) => id)).size).toBe(rows.length + feed.length);
  });

  it('has the days of the zone that it is given', () => {
    const tokyo = [...new DemoHistory('Asia/Tokyo').days(NOW)];
    // 23:30 there: today is nearly a whole day.
    expect(visitsIn(tokyo.at(-1) ?? [])).toBeGreaterThan(visitsIn(days.at(-1) ?? []) * 1.2);
    expect(timeOf(tokyo.at(-1)?.[0] as Row)).toBeGreaterThanOrEqual(Date.parse('2026-11-25T15:00:00Z'));
  });
});

describe('npm start -- --demo', () => {
  const projects: Project[] = [];
  const scripts: Script[] = [];
  afterEach(async () => {
    for (const script of scripts.splice(0)) {
      script.child.kill('SIGTERM');
      await script.ended;
    }
    for (const project of projects.splice(0)) project.remove();
  });

  it('empties no folder that holds something else', async () => {
    const copy = copyProject();
    projects.push(copy);
    mkdirSync(join(copy.directory, 'mine'));
    writeFileSync(join(copy.directory, 'mine', 'notes.txt'), 'mine');
    for (const flags of [['--persist-to', 'mine'], ['--persist-to=mine']]) {
      const script = copy.run('scripts/start.ts', ['--demo', '--port', '0', ...flags]);
      expect(await script.ended).toBe(1);
      expect(script.stderr()).toContain('mine contains other data');
    }
    expect(copy.read('mine/notes.txt')).toBe('mine');
    expect(existsSync(join(copy.directory, '.dev.vars'))).toBe(false);
  });

  it('empties its own folder, also the one of before', () => {
    const folder = mkdtempSync(join(tmpdir(), 'speck-demo-'));
    try {
      expect(resetDemoState(folder)).toBeUndefined();
      writeFileSync(join(folder, 'database'), 'of the last start');
      expect(resetDemoState(folder)).toBeUndefined();
      expect(existsSync(join(folder, 'database'))).toBe(false);
      expect(resetDemoState(join(folder, 'new'))).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is stored where --persist-to says, and shows what it promises', { timeout: 300_000 }, async () => {
    const copy = copyProject();
    projects.push(copy);
    const script = copy.run('scripts/start.ts', ['--demo', '--port', '0', '--persist-to', 'demo data']);
    scripts.push(script);
    const [, url, pixel] = await script.printed(/^Dashboard +(http:\/\/[\d.:]+)\/app\/(px_\w+)$/m);
    expect(existsSync(join(copy.directory, 'demo data', 'v3'))).toBe(true);
    expect(existsSync(join(copy.directory, '.wrangler', 'demo'))).toBe(false);

    const token = secretIn(copy.read('.dev.vars'), 'ADMIN_TOKEN') ?? '';
    const query = async (body: object): Promise<{ metrics: number[] }[]> => {
      const response = await fetch(`${url}/api/v2/query`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ site_id: pixel, date_range: '30d', ...body }),
      });
      return ((await response.json()) as { results: { metrics: number[] }[] }).results;
    };
    const [totals] = await query({ metrics: ['visitors', 'visits', 'people', 'new_people'] });
    const [visitors = 0, visits = 0, people = 0, newPeople = 0] = totals?.metrics ?? [];
    expect(visits).toBeGreaterThan(visitors * 1.2);
    expect(people).toBeGreaterThan(newPeople);
    expect(await query({ metrics: ['visitors', 'events'], dimensions: ['event:goal'] })).toHaveLength(5);

    const read = async (path: string): Promise<unknown> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${url}/api/v1/pixels/${pixel}/destinations${path}`, { headers })).json();
    };
    const { destinations } = (await read('')) as DestinationsJson;
    const states: Record<string, unknown> = {};
    for (const { id, network, state, problem } of destinations) {
      const { states: counts } = (await read(`/${id}/summary`)) as DestinationSummaryJson;
      const { delivered, refused, waiting } = counts;
      states[network] = { state, delivered, refused, waiting, advice: problem?.advice };
    }
    expect(states).toEqual({
      meta: { state: 'on', delivered: 25, refused: 3, waiting: 0 },
      openai: { state: 'on', delivered: 28, refused: 0, waiting: 0 },
      reddit: { state: 'on', delivered: 23, refused: 0, waiting: 5, advice: '' },
      linkedin: {
        state: 'stopped',
        delivered: 23,
        refused: 0,
        waiting: 5,
        advice: 'LinkedIn answered 426: its version 202511 has ended; set a newer one',
      },
    });
  });
});
