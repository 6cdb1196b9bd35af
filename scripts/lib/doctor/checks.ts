/** What is wrong with a Speck. Each check is a pure function of the facts. */
import { accessFindings } from './access-checks.ts';
import { configurationFindings } from './configuration.ts';
import {
  type Diagnostics,
  deployCommand,
  envFlag,
  type Facts,
  type Finding,
  finding,
  secretPut,
} from './facts.ts';
import { plural } from './words.ts';
import {
  clockFindings,
  cronFindings,
  destinationFindings,
  engineFindings,
  lossFindings,
} from './work-checks.ts';

export function findingsOf(facts: Facts): Finding[] {
  return [
    ...accessFindings(facts),
    ...(facts.diagnostics ? readFindings(facts, facts.diagnostics) : []),
    ...configurationFindings(facts),
  ];
}

function readFindings(facts: Facts, diagnostics: Diagnostics): Finding[] {
  return [
    ...versionFindings(facts, diagnostics),
    ...secretFindings(facts, diagnostics),
    ...settingFindings(facts, diagnostics),
    ...cronFindings(facts, diagnostics),
    ...lossFindings(facts, diagnostics),
    ...engineFindings(diagnostics),
    ...destinationFindings(diagnostics),
    ...clockFindings(facts),
  ];
}

function versionFindings(facts: Facts, { build, schema, failed_parts: failed }: Diagnostics): Finding[] {
  const findings: Finding[] = [];
  if (build !== facts.build) {
    findings.push(
      finding(
        'note',
        'other_build',
        `The Worker at ${facts.url} was not built from this checkout: its build is ${build}, and this one's ${facts.build}.`,
        `Deploy this one: ${deployCommand(facts)}. Or check out the version that is deployed.`,
      ),
    );
  }
  if (schema && schema.version < schema.expected) {
    findings.push(
      finding(
        'wrong',
        'schema_behind',
        `${plural(schema.expected - schema.version, 'migration')} of the database ${schema.expected - schema.version === 1 ? 'is' : 'are'} due: it has version ${schema.version}, and the Worker needs ${schema.expected}.`,
        `Migrate it: ${deployCommand(facts)}`,
      ),
    );
  } else if (schema && schema.version > schema.expected) {
    findings.push(
      finding(
        'note',
        'schema_ahead',
        `The database has version ${schema.version}, and the Worker is older: it needs ${schema.expected}, and goes on working.`,
        `Deploy the later Worker again: ${deployCommand(facts)}`,
      ),
    );
  }
  // A migration that is due may be all that is missing.
  const isBehind = schema !== null && schema.version < schema.expected;
  if (failed.length > 0 && !isBehind) {
    findings.push(
      finding(
        'wrong',
        'unreadable_state',
        `The Worker could not read: ${failed.join(', ')}.`,
        `Its log says why: npx wrangler tail${envFlag(facts)}`,
      ),
    );
  }
  return findings;
}

function secretFindings(facts: Facts, { secrets, seals }: Diagnostics): Finding[] {
  const findings = Object.entries(secrets).flatMap(([name, state]) => {
    if (state === 'short') {
      return [
        finding(
          'wrong',
          'short_secret',
          `${name} has fewer than 32 characters, so it can be guessed over time.`,
          `Set 32 random bytes (openssl rand -base64 32): ${secretPut(facts, name)}`,
        ),
      ];
    }
    if (state === 'same') {
      return [
        finding(
          'wrong',
          'same_secret',
          'SECRET_KEY is the same as ADMIN_TOKEN: who has the token can then read the keys that visitors are hashed under.',
          `Rotate it: see "Rotating the secret" in docs/operations.md.`,
        ),
      ];
    }
    return [];
  });
  const hasPrevious = secrets['SECRET_KEY_PREVIOUS'] === 'set';
  if (seals && seals.unreadable > 0) {
    findings.push(
      finding(
        'wrong',
        'unreadable_seals',
        `${plural(seals.unreadable, 'key or dead letter', 'keys and dead letters')} cannot be decrypted: they were encrypted under another SECRET_KEY.`,
        `Set that one: ${secretPut(facts, 'SECRET_KEY_PREVIOUS')}. See "A lost secret" in docs/operations.md.`,
      ),
    );
  }
  if (hasPrevious && seals) {
    findings.push(
      seals.waiting > 0
        ? finding(
            'note',
            'rotation_runs',
            `${plural(seals.waiting, 'key')} still ${seals.waiting === 1 ? 'waits' : 'wait'} to be encrypted under the new SECRET_KEY.`,
            'The cron does it. Leave SECRET_KEY_PREVIOUS set until none waits.',
          )
        : finding(
            'note',
            'rotation_done',
            'Nothing is encrypted under SECRET_KEY_PREVIOUS any more, except messages in the queue, for up to four days.',
            `Delete it then: npx wrangler secret delete SECRET_KEY_PREVIOUS${envFlag(facts)}`,
          ),
    );
  }
  return findings;
}

const MODES = ['direct', 'queue'];
const STORES = ['d1', 'analytics_engine'];

function settingFindings(
  facts: Facts,
  { settings, bindings, secrets, cron_statements: statements, path_problems: problems }: Diagnostics,
): Finding[] {
  const { INGEST_MODE: mode, EVENT_STORE: store, CRON_STATEMENTS: cron, ACCOUNT_ID: account } = settings;
  const findings: Finding[] = [];
  const wrong = (code: string, what: string, advice: string): void => {
    findings.push(finding('wrong', code, what, advice));
  };
  const setIt = (name: string, value: string): string =>
    `Set ${name} = "${value}" under [vars] in wrangler.toml, and deploy.`;
  if (mode && !MODES.includes(mode)) {
    wrong(
      'unknown_ingest_mode',
      `INGEST_MODE is ${JSON.stringify(mode)}, which is unknown and counts as direct.`,
      setIt('INGEST_MODE', 'direct'),
    );
  }
  if (store && !STORES.includes(store)) {
    wrong(
      'unknown_event_store',
      `EVENT_STORE is ${JSON.stringify(store)}, which is unknown and counts as d1.`,
      setIt('EVENT_STORE', 'd1'),
    );
  }
  if (mode === 'queue' && !bindings['QUEUE']) {
    wrong(
      'queue_missing',
      'INGEST_MODE is queue, and no queue is bound: events go to D1 directly.',
      'Restore the sections [[queues…]] of wrangler.toml, or set INGEST_MODE = "direct", and deploy.',
    );
  }
  if (store === 'analytics_engine' && !bindings['ANALYTICS']) {
    wrong(
      'analytics_missing',
      'EVENT_STORE is analytics_engine, and no dataset is bound: events go to D1.',
      'Restore the section [[analytics_engine_datasets]] of wrangler.toml, or set EVENT_STORE = "d1", and deploy.',
    );
  } else if (
    store === 'analytics_engine' &&
    !bindings['ANALYTICS_SQL'] &&
    !(account && secrets['ANALYTICS_TOKEN'] !== 'missing')
  ) {
    wrong(
      'analytics_unread',
      'EVENT_STORE is analytics_engine, and nothing can read it: neither ANALYTICS_SQL nor ACCOUNT_ID with ANALYTICS_TOKEN is set. So events go to D1.',
      `Set ACCOUNT_ID under [vars], and the secret: ${secretPut(facts, 'ANALYTICS_TOKEN')}`,
    );
  }
  if (!bindings['QUEUE'] && mode !== 'queue') {
    findings.push(
      finding(
        'note',
        'no_queue',
        'No queue is bound: while D1 does not answer, events are lost.',
        'Restore the sections [[queues…]] of wrangler.toml, and deploy.',
      ),
    );
  }
  if (statements === null) {
    wrong(
      'invalid_cron_statements',
      `CRON_STATEMENTS is ${JSON.stringify(cron)}, so every run of the cron fails.`,
      setIt('CRON_STATEMENTS', facts.plan.name === 'paid' ? '900' : '45'),
    );
  } else if (facts.plan.name === 'free' && statements > 48) {
    wrong(
      'too_many_cron_statements',
      `CRON_STATEMENTS is ${statements}, and the free plan allows 50 statements a run: runs fail midway.`,
      `${setIt('CRON_STATEMENTS', '45')} On the paid plan, say --plan paid.`,
    );
  } else if (facts.plan.name === 'paid' && statements < 100) {
    findings.push(
      finding(
        'note',
        'few_cron_statements',
        `CRON_STATEMENTS is ${statements}, and the paid plan allows 1,000 statements a run: a backlog takes longer than it need.`,
        setIt('CRON_STATEMENTS', '900'),
      ),
    );
  }
  for (const problem of problems)
    wrong(
      'path_problem',
      problem,
      'Correct it under [vars] in wrangler.toml (docs/tag.md says how), and deploy.',
    );
  return findings;
}
