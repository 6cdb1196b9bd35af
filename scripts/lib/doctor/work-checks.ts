/** Whether the cron runs and keeps up, whether events were lost, and whether the clocks agree. */
import { type Diagnostics, envFlag, type Facts, type Finding, finding } from './facts.ts';
import { plural, span } from './words.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** As `/health` judges: three missed runs, no run that caught up for hours, a loss within a day. */
const CRON_LATE = 16 * MINUTE;
const ROLLUP_LATE = 6 * HOUR;
const RECENT = DAY;
/** Events of servers are rejected if their clock is five minutes ahead. */
const SKEW = MINUTE;

export function cronFindings(facts: Facts, { now, counters, tasks, rollup }: Diagnostics): Finding[] {
  const at = Date.parse(now);
  const age = (name: string): number => at - Date.parse(counters?.[name]?.last_at ?? '');
  const waiting = rollup?.oldest_due_at ? at - Date.parse(rollup.oldest_due_at) : 0;
  const findings: Finding[] = [];
  const where = facts.isLocal
    ? 'npm start runs it every minute: start it again.'
    : "Look at the cron trigger's runs in Cloudflare's dashboard, and deploy again if it has none.";
  if (counters && !counters['cron_runs']) {
    findings.push(
      waiting > CRON_LATE
        ? finding(
            'wrong',
            'cron_never_ran',
            `The cron has never run, and ${plural(rollup?.due_days ?? 0, 'day')} wait for it.`,
            where,
          )
        : finding(
            'note',
            'cron_not_yet',
            'The cron has not run yet.',
            'It runs every 5 minutes: look again later.',
          ),
    );
  } else if (age('cron_runs') > CRON_LATE) {
    findings.push(finding('wrong', 'cron_late', `The cron last ran ${span(age('cron_runs'))} ago.`, where));
  }
  if (rollup && waiting > ROLLUP_LATE && !(age('caught_up_runs') <= ROLLUP_LATE)) {
    findings.push(
      finding(
        'wrong',
        'rollup_behind',
        `${plural(rollup.due_days, 'day')} wait for their rollup, the oldest for ${span(waiting)}, and no run has caught up for six hours.`,
        'Raise CRON_STATEMENTS as far as the plan allows, or wait until a large import is rolled up.',
      ),
    );
  }
  for (const { task, pixel, item, attempts, since, error } of tasks?.oldest ?? []) {
    const name = [task, item, pixel && `of ${pixel}`].filter((text) => text !== '').join(' ');
    findings.push(
      finding(
        'wrong',
        'failed_task',
        `The cron's task "${name}" has failed ${plural(attempts, 'time')} in ${span(at - Date.parse(since))}: ${error}`,
        `It is tried again by itself. If it still fails tomorrow, look into the log: npx wrangler tail${envFlag(facts)}.`,
      ),
    );
  }
  const more = (tasks?.failing ?? 0) - (tasks?.oldest.length ?? 0);
  if (more > 0)
    findings.push(
      finding(
        'wrong',
        'failed_task',
        `${plural(more, 'more task')} of the cron ${more === 1 ? 'has' : 'have'} failed.`,
        'The table failed_tasks lists them.',
      ),
    );
  return findings;
}

/** Conversions wait for a destination that has stopped, until they are too old for its network. */
export function destinationFindings({ now, destinations }: Diagnostics): Finding[] {
  const { stopped = 0, oldest = [] } = destinations ?? {};
  const findings = oldest.map(({ pixel, destination, network, name, message, advice, at }) => {
    const since = at === null ? '' : ` ${span(Date.parse(now) - Date.parse(at))} ago`;
    return finding(
      'wrong',
      'stopped_destination',
      `The destination "${name}" (${network}, ${destination} of ${pixel}) stopped${since}, and its conversions wait: ${message}`,
      advice === ''
        ? 'Change its account, secret or settings, or switch it on again, in the dashboard.'
        : advice,
    );
  });
  const more = stopped - oldest.length;
  if (more <= 0) return findings;
  const others = finding(
    'wrong',
    'stopped_destination',
    `${plural(more, 'more destination')} ${more === 1 ? 'has' : 'have'} stopped.`,
    'The dashboard of each pixel says why, under Conversions.',
  );
  return [...findings, others];
}

export function lossFindings(facts: Facts, { now, counters, dead_letters: letters }: Diagnostics): Finding[] {
  const findings: Finding[] = [];
  const counted = (name: string, what: (value: string) => string, code: string, advice: string): void => {
    const counter = counters?.[name];
    if (!counter || counter.value === 0) return;
    const age = Date.parse(now) - Date.parse(counter.last_at);
    const level = age < RECENT ? 'wrong' : 'note';
    findings.push(
      finding(level, code, `${what(counter.value.toLocaleString('en'))}, last ${span(age)} ago.`, advice),
    );
  };
  counted(
    'lost_events',
    (value) => `Events lost so far: ${value}`,
    'lost_events',
    `D1 and the queue both failed. The log says why: npx wrangler tail${envFlag(facts)}. The events cannot be brought back.`,
  );
  counted(
    'given_up_days',
    (value) => `Days whose events were deleted although their rollup failed: ${value}`,
    'given_up_days',
    'Queries read their last rollups. Please report the error that the log names.',
  );
  if (letters && letters.count > 0) {
    const replay = facts.isLocal ? 'npm run replay' : `npm run replay -- --url ${facts.url}`;
    findings.push(
      finding(
        'wrong',
        'dead_letters',
        `${plural(letters.count, 'dead letter')} ${letters.count === 1 ? 'waits' : 'wait'}, the oldest for ${span(Date.parse(now) - Date.parse(letters.oldest_at ?? now))}: events that the queue could not have stored.`,
        `Find the cause in the log, mend it, then write them: ${replay}`,
      ),
    );
  }
  return findings;
}

export function clockFindings({ skew }: Facts): Finding[] {
  if (Math.abs(skew) < SKEW) return [];
  return [
    finding(
      'wrong',
      'clock_skew',
      `The clock of this machine is ${span(skew)} ${skew > 0 ? 'ahead of' : 'behind'} the Worker's.`,
      "Set this machine's clock (NTP). Events of servers whose clock is more than 5 minutes ahead are rejected.",
    ),
  ];
}

export function engineFindings({ engine }: Diagnostics): Finding[] {
  if (!engine || engine.sampled_days === 0) return [];
  return [
    finding(
      'note',
      'sampled',
      `Of the last week, ${plural(engine.sampled_days, 'day')} of Analytics Engine ${engine.sampled_days === 1 ? 'is a sample' : 'are samples'}: at worst it kept one of ${engine.greatest_interval} events. Numbers of such days are estimates.`,
      'Give each busy site a pixel of its own: sampling begins at some rate of one pixel.',
    ),
  ];
}
