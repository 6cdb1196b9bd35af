/** `npm run doctor` against a running Speck, in the states that an owner may find it in. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Configuration, readConfiguration } from '../../scripts/lib/doctor/configuration.ts';
import { gather } from '../../scripts/lib/doctor/gather.ts';
import { type Report, reportOf, textOf } from '../../scripts/lib/doctor/report.ts';
import { statementsOf } from '../../scripts/lib/migrate/sql.ts';
import type { Plan } from '../../scripts/lib/platform-limits.ts';
import { SCHEMA_VERSION } from '../../src/model/version.ts';
import { type Speck, type SpeckOptions, startSpeck } from '../e2e/harness.ts';
import { REPORT_SCHEMA } from './doctor-schema.ts';
import { ROOT, runScript } from './project.ts';

const SCRIPT = join(ROOT, 'scripts', 'doctor.ts');
const HOUR = 3_600_000;
const SECRETS = {
  ADMIN_TOKEN: 'a-token-of-the-owner-with-32-characters-or-more',
  SECRET_KEY: 'a-secret-key-of-the-tests-with-32-characters-or-more',
};

async function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const script = runScript(SCRIPT, args, environment);
  const code = await script.ended;
  return { code, stdout: script.stdout(), stderr: script.stderr() };
}

const isReport = new Ajv2020({ strict: false, validateFormats: false }).compile(REPORT_SCHEMA);
const checked = (report: Report): Report => {
  expect(isReport(report), JSON.stringify(isReport.errors)).toBe(true);
  return report;
};

let configuration: Configuration;
beforeAll(async () => {
  configuration = await readConfiguration(undefined);
});

/** What the command reports of a Speck: the same code, without the start of a process. */
async function diagnose(
  url: string,
  { token = SECRETS.ADMIN_TOKEN, plan }: { token?: string; plan?: Plan } = {},
): Promise<Report> {
  return checked(reportOf(await gather({ url, token, env: undefined, plan, configuration })));
}

const codes = ({ findings }: Report, level = 'wrong'): string[] =>
  findings.filter((finding) => finding.level === level).map(({ code }) => code);
const finding = ({ findings }: Report, code: string) => findings.find((one) => one.code === code);

/** Starts a Speck with other options, diagnoses it, and ends it. */
async function diagnoseWith(options: SpeckOptions, asked?: { token?: string; plan?: Plan }): Promise<Report> {
  const other = await startSpeck({ secrets: SECRETS, ...options });
  try {
    return await diagnose(other.url, asked);
  } finally {
    await other.close();
  }
}

describe('a Speck', () => {
  let speck: Speck;
  beforeAll(async () => {
    speck = await startSpeck({ secrets: SECRETS });
  });
  afterAll(() => speck.close());
  beforeEach(async () => {
    for (const table of ['counters', 'failed_tasks', 'dead_letters', 'days', 'events', 'pixels']) {
      await speck.db.exec(`DELETE FROM ${table}`);
    }
    await speck.cron();
  });

  const insert = (sql: string, ...values: unknown[]) =>
    speck.db
      .prepare(sql)
      .bind(...values)
      .run();

  const addPixel = async (): Promise<string> => {
    const made = await fetch(`${speck.url}/api/v1/pixels`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` },
      body: JSON.stringify({ name: 'Test', url: 'https://site.example', timezone: 'UTC' }),
    });
    return ((await made.json()) as { id: string }).id;
  };

  it('that is healthy', async () => {
    const report = await diagnose(speck.url);
    expect(codes(report)).toEqual([]);
    expect(report.status).toBe('ok');
    expect(report.versions).toMatchObject({ schema: SCHEMA_VERSION, expected_schema: SCHEMA_VERSION });
    expect(report.versions.build).toBe(report.versions.this_build);
    expect(report.bindings).toMatchObject({ DB: true, QUEUE: true, ANALYTICS: true, RATE_LIMIT: false });
    expect(report.secrets).toMatchObject({ ADMIN_TOKEN: 'set', SECRET_KEY: 'set' });
  });

  it('whose cron has a failing task', async () => {
    await insert(
      `INSERT INTO failed_tasks VALUES ('day', 'px_1', '2026-03-01', 3, ?1, ?1, 'Error: D1_ERROR: too many things')`,
      Date.now() - 7 * HOUR,
    );
    const report = await diagnose(speck.url);
    expect(codes(report)).toEqual(['failed_task']);
    expect(finding(report, 'failed_task')?.what).toBe(
      'The cron\'s task "day 2026-03-01 of px_1" has failed 3 times in 7 hours: Error: D1_ERROR: too many things',
    );
  });

  it('whose cron has many failing tasks: the oldest by name, and the number of the others', async () => {
    for (let day = 1; day <= 8; day++) {
      await insert(
        `INSERT INTO failed_tasks VALUES ('day', 'px_1', '2026-03-0${day}', 1, ?1, ?1, 'Error')`,
        Date.now() - HOUR,
      );
    }
    const report = await diagnose(speck.url);
    expect(codes(report)).toEqual(Array(6).fill('failed_task'));
    expect(report.findings.filter(({ what }) => what.startsWith('3 more tasks'))).toHaveLength(1);
  });

  it.each([
    [1, 'wrong'],
    [72, 'note'],
  ])('that lost events %i hours ago', async (hours, level) => {
    await insert(`INSERT INTO counters VALUES ('lost_events', 1234, ?)`, Date.now() - hours * HOUR);
    const report = await diagnose(speck.url);
    expect(codes(report, level)).toContain('lost_events');
    expect(finding(report, 'lost_events')?.what).toMatch(/^Events lost so far: 1,234, last/);
  });

  it.each([
    [1, 'wrong'],
    [72, 'note'],
  ])('that gave up a day %i hours ago', async (hours, level) => {
    await insert(`INSERT INTO counters VALUES ('given_up_days', 2, ?)`, Date.now() - hours * HOUR);
    expect(codes(await diagnose(speck.url), level)).toContain('given_up_days');
  });

  it('with dead letters', async () => {
    await insert(`INSERT INTO dead_letters VALUES ('l1', 'x', ?1, ?1)`, Date.now() - 3 * HOUR);
    const report = await diagnose(speck.url);
    expect(report.status).toBe('wrong');
    expect(codes(report)).toEqual(['dead_letters']);
    expect(finding(report, 'dead_letters')).toMatchObject({
      what: '1 dead letter waits, the oldest for 3 hours: events that the queue could not have stored.',
      advice: 'Find the cause in the log, mend it, then write them: npm run replay',
    });
  });

  it('whose cron has not run', async () => {
    await insert('UPDATE counters SET last_at = ?', Date.now() - HOUR);
    expect(codes(await diagnose(speck.url))).toEqual(['cron_late']);
    await insert('DELETE FROM counters');
    const report = await diagnose(speck.url);
    expect(codes(report)).toEqual([]);
    expect(codes(report, 'note')).toContain('cron_not_yet');
    const pixel = await addPixel();
    await insert(
      `INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw) VALUES (?1, '2026-01-01', 0, ?2, 1, 0)`,
      pixel,
      Date.now() - 7 * HOUR,
    );
    expect(codes(await diagnose(speck.url))).toEqual(['cron_never_ran', 'rollup_behind']);
    await insert(`INSERT INTO counters VALUES ('cron_runs', 1, ?1), ('caught_up_runs', 1, ?1)`, Date.now());
    expect(codes(await diagnose(speck.url))).toEqual([]);
  });

  it('by the command: a text, or an object; exit codes; and no secret in either', async () => {
    const healthy = await run([speck.url], { SPECK_TOKEN: SECRETS.ADMIN_TOKEN });
    expect(healthy.code).toBe(0);
    expect(healthy.stdout).toContain('Nothing is wrong.');
    await insert(`INSERT INTO counters VALUES ('lost_events', 1234, ?)`, Date.now() - HOUR);
    const wrong = await run([speck.url, '--token', SECRETS.ADMIN_TOKEN, '--json']);
    expect(wrong.code).toBe(1);
    expect(codes(checked(JSON.parse(wrong.stdout) as Report))).toEqual(['lost_events']);
    const unknown = await run([speck.url, '--json', '--token', 'speck_wrong']);
    expect(unknown.code).toBe(1);
    expect(codes(checked(JSON.parse(unknown.stdout) as Report))).toEqual(['wrong_token']);
    for (const secret of Object.values(SECRETS)) {
      for (const { stdout, stderr } of [healthy, wrong, unknown])
        expect(stdout + stderr).not.toContain(secret);
    }
  });

  it('whose token is not the owner’s', async () => {
    const made = await fetch(`${speck.url}/api/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` },
      body: JSON.stringify({ name: 'Reader', scopes: ['stats:read'] }),
    });
    const { token } = (await made.json()) as { token: string };
    const report = await diagnose(speck.url, { token });
    expect(codes(report)).toEqual(['wrong_token']);
  });

  it('is advised on its modes from what has arrived', async () => {
    const id = await addPixel();
    const start = Date.now() - (Date.now() % HOUR) - 2 * HOUR;
    const day = new Date(start).toISOString().slice(0, 10);
    const midnight = Date.parse(day);
    await insert(
      `INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw, rolled_at, events) VALUES (?, ?, ?, ?, 0, 0, 1, 147600)`,
      id,
      day,
      midnight,
      midnight + 24 * HOUR,
    );
    const hour = `${day} ${new Date(start).toISOString().slice(11, 13)}:00:00`;
    await insert(
      `INSERT INTO rollups VALUES (?, ?, 'time:hour', ?, '', 1, 1, 1, 147600, 0, 0, 0, 0, 0, 0, 0, 0)`,
      id,
      day,
      hour,
    );
    const report = await diagnose(speck.url, { plan: 'paid' });
    expect(report.volume).toMatchObject({
      events_per_second_of_busiest_hour: 41,
      events_per_second_of_busiest_minute: null,
    });
    expect(report.modes?.ingest_mode).toEqual({
      value: 'direct',
      why: 'your busiest hour had 41 events a second: direct and D1 are enough up to about 250 events a second',
    });
    expect(report.modes?.event_store.value).toBe('d1');
    // The free plan allows fewer rows.
    const free = await diagnose(speck.url);
    expect(codes(free, 'near')).toContain('limit: d1 rows written');
    expect(textOf(free)).toContain('INGEST_MODE = direct: your busiest hour had 41 events a second');
  });
});

describe('another Speck', () => {
  it('whose database is one version behind, and then is answered all the same', async () => {
    const schema = readdirSync(join(ROOT, 'migrations'))
      .sort()
      .slice(0, SCHEMA_VERSION - 1)
      .flatMap((name, index) => [
        ...statementsOf(readFileSync(join(ROOT, 'migrations', name), 'utf8')),
        `INSERT OR IGNORE INTO schema_migrations VALUES (${index + 1}, 0)`,
      ]);
    const report = await diagnoseWith({ schema });
    expect(codes(report)).toEqual(['schema_behind']);
    expect(finding(report, 'schema_behind')).toMatchObject({
      what: `1 migration of the database is due: it has version ${SCHEMA_VERSION - 1}, and the Worker needs ${SCHEMA_VERSION}.`,
      advice: 'Migrate it: npm start',
    });
    expect(report.versions).toMatchObject({ schema: SCHEMA_VERSION - 1, expected_schema: SCHEMA_VERSION });
  });

  it('that has no tables', async () => {
    const report = await diagnoseWith({ schema: ['CREATE TABLE other (id TEXT)'] });
    expect(codes(report)).toEqual(['no_database', 'schema_behind']);
  });

  it('with settings that are unknown, or cannot work', async () => {
    const report = await diagnoseWith({
      vars: { INGEST_MODE: 'qeue', EVENT_STORE: 'clickhouse', CRON_STATEMENTS: '12', SCRIPT_PATH: 'a b' },
    });
    expect(codes(report)).toEqual(
      expect.arrayContaining([
        'unknown_ingest_mode',
        'unknown_event_store',
        'invalid_cron_statements',
        'path_problem',
      ]),
    );
    expect(finding(report, 'unknown_ingest_mode')?.what).toContain('"qeue"');
    expect(codes(report, 'note')).toContain('setting_differs');
  });

  it('with more statements than the plan allows, and with fewer', async () => {
    const many = await diagnoseWith({ vars: { CRON_STATEMENTS: '900' } }, { plan: 'free' });
    expect(codes(many)).toEqual(['too_many_cron_statements']);
    const few = await diagnoseWith({}, { plan: 'paid' });
    expect(codes(few)).toEqual([]);
    expect(codes(few, 'note')).toContain('few_cron_statements');
  });

  it('without secrets', async () => {
    const report = await diagnoseWith({ secrets: { ADMIN_TOKEN: '', SECRET_KEY: '' } });
    expect(codes(report)).toEqual(['no_admin_token']);
    expect(report.secrets).toBeNull();
  });

  it('without SECRET_KEY', async () => {
    const report = await diagnoseWith({ secrets: { ...SECRETS, SECRET_KEY: '' } });
    expect(codes(report)).toEqual(['no_secret_key']);
  });

  it('with secrets that can be guessed, or are one', async () => {
    const same = await diagnoseWith({ secrets: { ...SECRETS, SECRET_KEY: SECRETS.ADMIN_TOKEN } });
    expect(codes(same)).toEqual(['same_secret']);
    const short = await diagnoseWith({ secrets: { ...SECRETS, ADMIN_TOKEN: 'short' } }, { token: 'short' });
    expect(codes(short)).toEqual(['short_secret']);
  });

  it('in the middle of a rotation, and after it', async () => {
    const report = await diagnoseWith({
      secrets: { ...SECRETS, SECRET_KEY_PREVIOUS: 'another-secret-key-with-32-characters-or-more' },
    });
    expect(codes(report, 'note')).toContain('rotation_done');
  });
});

describe('something that is no Speck of this version', () => {
  const serve = async (answer: (path: string) => { status: number; body: unknown }) => {
    const server = createServer((request, response) => {
      const { status, body } = answer(request.url ?? '');
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => server.close(),
    };
  };

  it('a Worker from before there were diagnostics', async () => {
    const older = await serve((path) =>
      path === '/health'
        ? { status: 200, body: { version: '0.0.9', api: 'open', store: {}, schema: null } }
        : { status: 404, body: { reason: 'not_found', detail: 'There is nothing here.' } },
    );
    const report = await diagnose(older.url);
    expect(codes(report)).toEqual(['too_old']);
    expect(report.versions.worker).toBe('0.0.9');
    older.close();
  });

  it('a server of another kind, and none at all', async () => {
    const other = await serve(() => ({ status: 200, body: { hello: 'world' } }));
    const answered = await diagnose(other.url);
    expect(finding(answered, 'unreachable')?.what).toBe(
      `${other.url} answered 200, and not as a Speck does.`,
    );
    other.close();
    const report = await diagnose('http://127.0.0.1:1');
    expect(codes(report)).toEqual(['unreachable']);
    expect(finding(report, 'unreachable')?.advice).toBe('Start it: npm start.');
  });
});

describe('the command', () => {
  it.each([
    [['px.example.com'], 'URL "px.example.com" is not like'],
    [['https://a.example', 'https://b.example'], 'There is one URL at most'],
    [['--plan', 'gold'], '--plan "gold" is neither free nor paid.'],
    [['--env', 'nowhere'], 'wrangler.toml has no environment "nowhere".'],
    [['--loud'], "Unknown option '--loud'"],
  ])('%j is wrong', async (args, message) => {
    const { code, stderr, stdout } = await run(args);
    expect(stderr).toContain(message);
    expect(stderr).toContain('npm run doctor -- --help says more.');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('--help', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: npm run doctor');
  });
});
