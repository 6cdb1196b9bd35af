/** `npm run simulate` as it is called, and what it counts: the committed counts are those of the Worker as it is built now. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measure } from '../../scripts/lib/simulate/measure.ts';
import { type Counts, committedMeasured } from '../../scripts/lib/simulate/measured.ts';
import type { Simulation } from '../../scripts/lib/simulate/simulation.ts';
import { ROOT } from '../e2e/harness.ts';

function simulate(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['scripts/simulate.ts', ...args], { cwd: ROOT, encoding: 'utf8' });
}

describe('npm run simulate', () => {
  it('prints tables with the basis or the source of each figure, the first limit and the assumptions', () => {
    const { status, stdout, stderr } = simulate(
      '--events-per-day',
      '1e9',
      '--pixels',
      '1e5',
      '--skew',
      'zipf',
      '--measured',
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^1 billion events a day, 100,000 pixels by Zipf's law, exponent 1.1; 100 databases\.\n/,
    );
    for (const title of ['what', 'cost of a month', 'limit']) expect(stdout).toContain(`\n| ${title} |`);
    for (const what of [
      'D1 statements',
      'D1 rows read',
      'D1 rows written',
      'requests',
      'points',
      'CPU',
      'after a year',
    ])
      expect(stdout, what).toContain(what);
    expect(stdout).toContain('The first limit that is reached: ');
    expect(stdout).toContain('**Assumed**');
    const rows = stdout.split('\n').filter((line) => line.startsWith('| ') && !line.includes('---'));
    const unsourced = rows.filter(
      (row) => !/(counted|measured|computed|assumed|https:\/\/|basis|source|together)/.test(row),
    );
    expect(unsourced).toEqual([]);
  });

  it('prints the same as JSON', () => {
    const args = [
      '--events-per-day',
      '250000',
      '--plan',
      'free',
      '--ingest-mode',
      'queue',
      '--measured',
      '--json',
    ];
    const { status, stdout } = simulate(...args);
    expect(status).toBe(0);
    const { scenario, limits, usage, cost } = JSON.parse(stdout) as Simulation;
    expect(scenario).toMatchObject({ eventsPerDay: 250_000, plan: 'free', ingestMode: 'queue', pixels: 1 });
    expect(limits[0]?.share).toBeGreaterThan(1);
    expect(usage.day.requests).toBeGreaterThan(250_000);
    expect(cost).toEqual([]);
    expect(simulate(...args).stdout).toBe(stdout);
  });

  it.each([
    [[], '--events-per-day is missing'],
    [['--events-per-day', 'many'], '--events-per-day many: it has to be a number from 1 to'],
    [['--events-per-day', '0'], '--events-per-day 0: it has to be a number from 1 to'],
    [['--events-per-day', ''], '--events-per-day : it has to be a number from 1 to'],
    [['--events-per-day', '1e6', '--pixels', '1.5'], '--pixels 1.5: it has to be a whole number'],
    [['--events-per-day', '1e6', '--pixels', '0'], '--pixels 0: it has to be a number from 1 to'],
    [['--events-per-day', '1e6', '--skew', 'pareto'], '--skew pareto: it has to be zipf or even'],
    [
      ['--events-per-day', '1e6', '--event-store', 'kv'],
      '--event-store kv: it has to be d1 or analytics_engine',
    ],
    [
      ['--events-per-day', '1e6', '--ingest-mode', 'slow'],
      '--ingest-mode slow: it has to be direct or queue',
    ],
    [['--events-per-day', '1e6', '--plan', 'gold'], '--plan gold: it has to be free or paid'],
    [['--events-per-day', '1e6', '--peak-factor', '3'], '--peak-factor 3: it has to be a number from 1 to 2'],
    [
      ['--events-per-day', '1e6', '--pixels', '5000', '--databases', '4'],
      '--databases 4: 5000 pixels need 5',
    ],
    [['--events-per-day', '1e6', '--colour', 'red'], "Unknown option '--colour'"],
    [['1e6'], "Unexpected argument '1e6'"],
    [['--document', '--json'], '--document takes no other flag'],
  ])('refuses %j', (args, message) => {
    const { status, stdout, stderr } = simulate(...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toContain('npm run simulate -- --help says more.');
  });

  it('explains itself', () => {
    const { status, stdout } = simulate('--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: npm run simulate /);
  });
});

/** Days that are small enough to be counted again. */
const SIZES = [10, 1000];

describe('what was counted for the documents', () => {
  /** Bytes may differ a little: texts are encrypted, and times have different lengths. All other counts are exact. */
  const expected = (counts: Counts): unknown =>
    JSON.parse(JSON.stringify(counts), (key, value: unknown) =>
      typeof value === 'number' && /bytes/i.test(key)
        ? { asymmetricMatch: (other: number) => Math.abs(other - value) <= 20 + value * 0.02 }
        : value,
    );

  it('is what the Worker takes now; if it is not: npm run simulate -- --document', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'speck-simulate-'));
    const committed = committedMeasured().counts;
    try {
      const { counts } = await measure({
        speckDir: join(ROOT, 'dist/modules'),
        temporary,
        seed: committed.seed,
        progress: () => {},
        sizes: SIZES,
        pointsSizes: SIZES,
      });
      const isSmall = ({ events }: { readonly events: number }): boolean => SIZES.includes(events);
      const { d1, analytics_engine } = committed.days;
      const days = { d1: d1.filter(isSmall), analytics_engine: analytics_engine?.filter(isSmall) ?? null };
      expect(counts).toEqual(expected({ ...committed, days }));
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  }, 240_000);
});
