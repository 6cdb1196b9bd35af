/** The flags of `npm run simulate`. */
import { DEFAULT_SETTINGS } from '../../../src/model/pixel.ts';
import { parseFlags, UsageError } from '../target.ts';
import { PIXELS_PER_DATABASE } from './load.ts';
import type { Scenario } from './simulation.ts';

export const USAGE = `Usage: npm run simulate -- --events-per-day N [FLAGS]

Computes what a volume of events takes of Cloudflare: statements, rows, points, messages, CPU, storage and money; which limit it
reaches first, and which setting lifts that. It measures Speck's own code first, in the local runtime, in about a minute.

  --events-per-day N    Events a day, such as 250000 or 1e9.
  --pixels N            Pixels. Default: 1.
  --skew KIND           zipf: few pixels have most events; even: all have the same. Default: zipf.
  --skew-exponent X     The exponent of Zipf's law. Default: 1.1.
  --event-store STORE   d1 or analytics_engine. Default: d1.
  --ingest-mode MODE    direct or queue. Default: direct.
  --plan PLAN           free or paid. Default: paid.
  --colos N             Cloudflare's locations that visitors reach. Default: 100.
  --peak-factor X       The busiest moment of a day, relative to its mean: 1 to 2. Default: 2.
  --isolate-rate N      Requests a second that one isolate gets. Default: 500.
  --databases N         Databases, each with a Worker of its own. Default: one for each ${PIXELS_PER_DATABASE.toLocaleString('en')} pixels.
  --retention-days N    Days that events are stored. Default: ${DEFAULT_SETTINGS.retention_days}.
  --keep-days N         Days that columns are stored. Default: ${DEFAULT_SETTINGS.keep_days}.
  --views N             Openings of each pixel's dashboard a day. Default: 5.
  --seed N              Seed of the events that are made up. Default: 1.
  --measured            Do not measure: use what was measured for the documents.
  --document            Measure, and write the documents that show it. Takes no other flag.
  --json                Print JSON.

Exit code: 0, or 2 for a wrong command.`;

export interface Options {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly isMeasured: boolean;
  readonly isJson: boolean;
}

/** @throws UsageError */
export function parseOptions(args: readonly string[]): Options | 'help' | 'document' {
  const values = valuesOf(args);
  if (values.help) return 'help';
  if (values.document) {
    if (args.length > 1) throw new UsageError('--document takes no other flag');
    return 'document';
  }
  if (values['events-per-day'] === undefined) throw new UsageError('--events-per-day is missing');
  const integer = (flag: string, text: string, least: number, most: number): number => {
    const value = numberOf(flag, text, least, most);
    if (!Number.isInteger(value)) throw new UsageError(`--${flag} ${text}: it has to be a whole number`);
    return value;
  };
  const pixels = integer('pixels', values.pixels, 1, 1e7);
  const skew = choiceOf('skew', values.skew, ['zipf', 'even']);
  const databases =
    values.databases === undefined ? undefined : integer('databases', values.databases, 1, 1e6);
  if (databases !== undefined && databases * PIXELS_PER_DATABASE < pixels)
    throw new UsageError(
      `--databases ${databases}: ${pixels} pixels need ${Math.ceil(pixels / PIXELS_PER_DATABASE)}, since each has at most ${PIXELS_PER_DATABASE}`,
    );
  return {
    scenario: {
      eventsPerDay: numberOf('events-per-day', values['events-per-day'], 1, 1e13),
      pixels,
      skewExponent: skew === 'even' ? 0 : numberOf('skew-exponent', values['skew-exponent'], 0, 5),
      eventStore: choiceOf('event-store', values['event-store'], ['d1', 'analytics_engine']),
      ingestMode: choiceOf('ingest-mode', values['ingest-mode'], ['direct', 'queue']),
      plan: choiceOf('plan', values.plan, ['free', 'paid']),
      colos: integer('colos', values.colos, 1, 1000),
      peakFactor: numberOf('peak-factor', values['peak-factor'], 1, 2),
      isolateRate: numberOf('isolate-rate', values['isolate-rate'], 1, 1e5),
      databases,
      retentionDays: integer('retention-days', values['retention-days'], 1, 3650),
      keepDays: integer('keep-days', values['keep-days'], 1, 3650),
      viewsPerDay: numberOf('views', values.views, 0, 1e6),
    },
    seed: integer('seed', values.seed, 0, 2 ** 31),
    isMeasured: values.measured,
    isJson: values.json,
  };
}

/** What is simulated unless flags say otherwise. */
export const DEFAULT_SCENARIO: Omit<Scenario, 'eventsPerDay'> = (() => {
  const options = parseOptions(['--events-per-day', '1']);
  if (typeof options === 'string') throw new Error('the defaults are a scenario');
  const { eventsPerDay: _, ...scenario } = options.scenario;
  return scenario;
})();

function valuesOf(args: readonly string[]) {
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  const flag = { type: 'boolean', default: false } as const;
  return parseFlags({
    args: [...args],
    options: {
      'events-per-day': { type: 'string' },
      pixels: text('1'),
      skew: text('zipf'),
      'skew-exponent': text('1.1'),
      'event-store': text('d1'),
      'ingest-mode': text('direct'),
      plan: text('paid'),
      colos: text('100'),
      'peak-factor': text('2'),
      'isolate-rate': text('500'),
      databases: { type: 'string' },
      'retention-days': text(String(DEFAULT_SETTINGS.retention_days)),
      'keep-days': text(String(DEFAULT_SETTINGS.keep_days)),
      views: text('5'),
      seed: text('1'),
      measured: flag,
      document: flag,
      json: flag,
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}

function numberOf(flag: string, text: string, least: number, most: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= least && value <= most))
    throw new UsageError(`--${flag} ${text}: it has to be a number from ${least} to ${most}`);
  return value;
}

function choiceOf<Choice extends string>(flag: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((one) => one === text);
  if (choice === undefined) throw new UsageError(`--${flag} ${text}: it has to be ${choices.join(' or ')}`);
  return choice;
}
