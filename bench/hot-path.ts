/**
 * The cost of the pixel: Speck beside a Worker that only answers (the ceiling) and one that writes a row for each
 * request, under the same local runtime, in turns, so other load on the machine affects all of them equally.
 * It asserts no time. It fails when an answer is not 200, or when an answered request was not stored.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { assertSameAnswer, fetchAnswer } from './lib/answer.ts';
import { CONTENDERS, type Contender, SPECK, type Started } from './lib/contenders.ts';
import { rotated } from './lib/in-turns.ts';
import { machine } from './lib/machine.ts';
import { Client, type Measurement, measure, summary } from './lib/measure.ts';
import { type Options, parseOptions, USAGE } from './lib/options.ts';
import { type Record, report } from './lib/report.ts';
import { WAYS } from './lib/runtime.ts';
import { targetTable } from './lib/targets.ts';

const WARM_UP = { connections: 32, seconds: 3 };
/** Other load on a machine comes and goes within seconds: the Workers take turns faster than that. */
const TURN_SECONDS = 1;

const options = optionsOrExit();
const chosen = CONTENDERS.filter(({ key }) => options.only?.includes(key) ?? true);
if (chosen.length < (options.only?.length ?? 0)) {
  console.error(`--only: the Workers are ${CONTENDERS.map(({ key }) => key).join(', ')}\n${USAGE}`);
  process.exit(2);
}
if (options.worker === undefined) build();
const speckDir = resolve(options.worker ?? `${ROOT}dist/modules`);

const client = new Client();
const started = new Map<Contender, Started>();
try {
  process.exitCode = await bench();
} finally {
  client.close();
  for (const { runtime } of started.values()) await runtime.close();
}

async function bench(): Promise<number> {
  const speck = await start(SPECK, undefined);
  const answer = await fetchAnswer(speck.runtime.port, speck.pixel);
  for (const contender of chosen) {
    const { runtime, pixel } = started.get(contender) ?? (await start(contender, answer));
    assertSameAnswer(contender.name, await fetchAnswer(runtime.port, pixel), answer);
  }

  const measuredOn = machine();
  console.log(measuredOn);
  console.log(`Reached over ${WAYS[options.way]}.`);
  console.log(`${options.rounds} rounds of ${options.seconds} s. All answer ${answer.status} with`);
  console.log(`${JSON.stringify(answer.headers)}.`);
  console.log('CPU is that of the runtime process: for b and c it includes D1, which locally runs in it.\n');

  for (const contender of chosen) {
    await measure(client, started.get(contender) as Started, WARM_UP.connections, WARM_UP.seconds);
  }
  const records: Record[] = [];
  const failures: string[] = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const connections of options.concurrency) {
      const label = `round ${round + 1}, ${connections} connections`;
      for (const [contender, measurement] of await takeTurns(connections, round)) {
        console.error(`${label}: ${progress(contender, measurement)}`);
        records.push({ round, connections, key: contender.key, measurement });
        const failure = await failureOf(contender, measurement);
        if (failure !== undefined) failures.push(`${label}: ${failure}`);
      }
    }
  }

  console.log(`\n${report(records, chosen)}\n`);
  if (options.json !== undefined) {
    writeFileSync(
      options.json,
      `${JSON.stringify({ machine: measuredOn, options, answer, records }, null, 2)}\n`,
    );
  }
  if (chosen.includes(SPECK)) console.log(missingLine(records));
  if (options.way === 'direct') console.log(`\n### Targets\n\n${targetTable(records)}`);
  for (const failure of failures) console.error(`FAILED ${failure}`);
  return failures.length > 0 ? 1 : 0;
}

async function start(
  contender: Contender,
  answer: Parameters<Contender['start']>[0]['answer'],
): Promise<Started> {
  const running = await contender.start({ speckDir, answer, way: options.way });
  started.set(contender, running);
  return running;
}

/** Each Worker under load for the requested seconds, in turns of a second whose order rotates. */
async function takeTurns(connections: number, round: number): Promise<Map<Contender, Measurement>> {
  const stretches = new Map(
    chosen.map((contender) => [contender, [] as Awaited<ReturnType<typeof measure>>[]]),
  );
  const turns = Math.ceil(options.seconds / TURN_SECONDS);
  for (let turn = 0; turn < turns; turn++) {
    for (const contender of rotated(chosen, round * turns + turn)) {
      const running = started.get(contender) as Started;
      stretches.get(contender)?.push(await measure(client, running, connections, options.seconds / turns));
    }
  }
  return new Map([...stretches].map(([contender, own]) => [contender, summary(own)]));
}

function progress({ key }: Contender, { rate, p99, answered, stored }: Measurement): string {
  const missing = stored === undefined ? '' : `, ${answered - stored} of ${answered} missing`;
  return `${key} ${Math.round(rate)}/s, p99 ${p99.toFixed(1)} ms${missing}`;
}

/** What went wrong in a measurement; undefined if nothing did. */
async function failureOf(contender: Contender, measurement: Measurement): Promise<string | undefined> {
  const { failed, stored, answered } = measurement;
  if (failed > 0) return `${contender.name}: ${failed} requests were not answered 200`;
  const events = started.get(contender)?.events;
  if (!events?.promised || stored === answered) return undefined;
  const reasons = await events.explain();
  return `${contender.name}: ${stored} rows of ${answered} answered requests; rejected: ${reasons || 'none'}`;
}

function missingLine(records: readonly Record[]): string {
  const own = records.filter(({ key }) => key === SPECK.key).map(({ measurement }) => measurement);
  const answered = own.reduce((sum, measurement) => sum + measurement.answered, 0);
  const stored = own.reduce((sum, measurement) => sum + (measurement.stored ?? 0), 0);
  return `Speck: ${answered} requests answered, ${stored} events stored, ${answered - stored} missing.`;
}

function optionsOrExit(): Options {
  try {
    const parsed = parseOptions(process.argv.slice(2));
    if (parsed !== 'help') return parsed;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}
