/** What the doctor reports, as an object and as a text. */
import { findingsOf } from './checks.ts';
import type { Facts, Finding, Level } from './facts.ts';
import { type Limit, limitsOf } from './limits.ts';
import { loadOf } from './load.ts';
import { chooseModes, type Modes } from './modes.ts';
import { bytes, number, percent } from './words.ts';

/** Its fields are those of `--json`, and docs/deploy.md describes them. */
export interface Report {
  readonly url: string;
  /** ISO 8601. */
  readonly checked_at: string;
  /** `wrong` if anything is wrong, else `near` if a limit is. */
  readonly status: 'ok' | 'near' | 'wrong';
  readonly plan: { readonly name: 'free' | 'paid'; readonly why: string };
  readonly versions: {
    readonly worker: string | null;
    readonly build: string | null;
    readonly this_build: string;
    readonly schema: number | null;
    readonly expected_schema: number | null;
  };
  readonly bindings: Readonly<Record<string, boolean>> | null;
  readonly secrets: Readonly<Record<string, string>> | null;
  readonly settings: Readonly<Record<string, string | null>> | null;
  readonly findings: readonly Finding[];
  readonly limits: readonly Limit[];
  readonly volume: {
    readonly events_per_second_of_busiest_hour: number;
    readonly events_per_second_of_busiest_minute: number | null;
    readonly events_a_day: number;
  } | null;
  readonly modes:
    | (Modes & { readonly current: { readonly ingest_mode: string; readonly event_store: string } })
    | null;
}

export function reportOf(facts: Facts): Report {
  const { diagnostics, plan } = facts;
  const load = diagnostics?.volume ? loadOf(diagnostics.volume) : null;
  const limits = limitsOf(facts, load);
  const modes = diagnostics?.volume
    ? chooseModes(load, plan.name, diagnostics.bindings['QUEUE'] === true)
    : null;
  const current = {
    ingest_mode: diagnostics?.settings['INGEST_MODE'] ?? 'direct',
    event_store: diagnostics?.settings['EVENT_STORE'] ?? 'd1',
  };
  const findings = [
    ...findingsOf(facts),
    ...limits.filter(({ level }) => level !== 'ok').map(limitFinding),
    ...(modes ? modeFindings(modes, current) : []),
  ].sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  const worst = findings.find(({ level }) => level !== 'note')?.level;
  return {
    url: facts.url,
    checked_at: new Date(facts.now).toISOString(),
    status: worst === 'wrong' || worst === 'near' ? worst : 'ok',
    plan,
    versions: {
      worker: diagnostics?.version ?? facts.health?.version ?? null,
      build: diagnostics?.build ?? null,
      this_build: facts.build,
      schema: diagnostics?.schema?.version ?? null,
      expected_schema: diagnostics?.schema?.expected ?? null,
    },
    bindings: diagnostics?.bindings ?? null,
    secrets: diagnostics?.secrets ?? null,
    settings: diagnostics?.settings ?? null,
    findings,
    limits,
    volume: load && {
      events_per_second_of_busiest_hour: load.hour,
      events_per_second_of_busiest_minute: load.peakOf === 'minute' ? load.peak : null,
      events_a_day: load.meanDay,
    },
    modes: modes && { ...modes, current },
  };
}

const LEVELS: readonly Level[] = ['wrong', 'near', 'note'];

const limitFinding = ({ name, value, limit, unit, level, share, basis, advice }: Limit): Finding => ({
  code: `limit: ${name}`,
  level: 'near',
  what: `The limit of ${name} is ${level === 'over' ? 'exceeded' : 'near'}: ${amount(value, unit)} of ${amount(limit, unit)} ${perOf(unit)}(${percent(share)}), ${basis}.`,
  advice,
});

const amount = (value: number, unit: string): string =>
  unit.startsWith('bytes') ? bytes(value) : number(value);
const perOf = (unit: string): string => (unit.startsWith('bytes') ? '' : `${unit} `);

function modeFindings(modes: Modes, current: { ingest_mode: string; event_store: string }): Finding[] {
  const advise = (name: string, has: string, { value, why }: { value: string; why: string }): Finding[] =>
    has === value
      ? []
      : [
          {
            code: `advice: ${name}`,
            level: 'note',
            what: `${name} is ${has}, and ${value} suits the volume: ${why}.`,
            advice: `Set ${name} = "${value}" under [vars] in wrangler.toml, and deploy.`,
          },
        ];
  const findings = [
    ...advise('INGEST_MODE', current.ingest_mode, modes.ingest_mode),
    ...advise('EVENT_STORE', current.event_store, modes.event_store),
  ];
  if (modes.enough) return findings;
  return [
    ...findings,
    {
      code: 'volume',
      level: 'near',
      what: `The volume is more than one Speck can take on this plan: ${modes.ingest_mode.why}.`,
      advice: 'See docs/scale.md for what lifts which limit.',
    },
  ];
}

/** The report for a terminal. */
export function textOf(report: Report): string {
  const { versions, bindings, secrets, settings, plan, modes } = report;
  const lines = [`Speck at ${report.url}`, ''];
  const row = (name: string, value: string): number => lines.push(`  ${name.padEnd(10)} ${value}`);
  if (versions.worker !== null) row('version', versionLine(versions));
  row('plan', `${plan.name} (${plan.why})`);
  if (bindings) row('bound', listed(bindings, (bound) => bound) + unbound(bindings));
  if (secrets)
    row(
      'secrets',
      Object.entries(secrets)
        .map(([name, state]) => `${name} ${state === 'same' ? 'same as ADMIN_TOKEN' : state}`)
        .join(', '),
    );
  if (settings)
    row(
      'settings',
      Object.entries(settings)
        .flatMap(([name, value]) => (value === null ? [] : [`${name} ${value}`]))
        .join(', ') || 'none',
    );
  if (report.limits.length > 0) {
    lines.push('', 'Limits');
    for (const { name, value, limit, unit, share, level, basis } of report.limits) {
      lines.push(
        `  ${percent(share).padStart(7)}  ${name}: ${amount(value, unit)} of ${amount(limit, unit)} ${perOf(unit)}– ${basis}${level === 'ok' ? '' : ` (${level})`}`,
      );
    }
  }
  if (modes) {
    lines.push('', 'Modes for this volume');
    for (const [name, { value, why }] of [
      ['INGEST_MODE', modes.ingest_mode],
      ['EVENT_STORE', modes.event_store],
    ] as const) {
      lines.push(`  ${name} = ${value}: ${why}.`);
    }
  }
  for (const [level, title] of TITLES) {
    const some = report.findings.filter((finding) => finding.level === level);
    if (some.length === 0) continue;
    lines.push('', title);
    for (const { what, advice } of some) lines.push(`  - ${what}`, `    ${advice}`);
  }
  lines.push('', SUMMARY[report.status]);
  return lines.join('\n');
}

const TITLES = [
  ['wrong', 'Wrong'],
  ['near', 'Near a limit'],
  ['note', 'Good to know'],
] as const;

const SUMMARY = {
  ok: 'Nothing is wrong.',
  near: 'Nothing is wrong, but a limit is near: see above.',
  wrong: 'Something is wrong: see above.',
} as const;

function versionLine({
  worker,
  build,
  this_build: own,
  schema,
  expected_schema: expected,
}: Report['versions']): string {
  const built =
    build === null
      ? ''
      : `, build ${build} (${build === own ? 'this checkout' : `not this checkout, ${own}`})`;
  const tables =
    schema === null ? '' : `, schema ${schema}${schema === expected ? '' : ` (needs ${expected})`}`;
  return `${worker}${built}${tables}`;
}

function listed(bindings: Readonly<Record<string, boolean>>, pick: (bound: boolean) => boolean): string {
  return Object.entries(bindings)
    .flatMap(([name, bound]) => (pick(bound) ? [name] : []))
    .join(', ');
}

function unbound(bindings: Readonly<Record<string, boolean>>): string {
  const names = listed(bindings, (bound) => !bound);
  return names === '' ? '' : ` (not bound: ${names})`;
}
