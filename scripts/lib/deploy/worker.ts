/** The step that builds the Worker and uploads it with its secrets. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, sharedFlags, spawnWrangler } from '../wrangler.ts';
import { customDomainsOf } from './configuration.ts';
import type { Options } from './options.ts';
import { madeSecrets, missingSecrets, presentSecrets, secretsIn, withSecretsFile } from './secrets.ts';
import { type Step, StepError } from './step.ts';

export const workerStep: Step = {
  name: 'Worker',
  permission: 'Workers Scripts: Edit',
  would: ({ configuration, options }) =>
    `Build the Worker ${configuration.name ?? ''} and deploy it. ${
      options.secretsFile === undefined ? '' : `Upload the secrets of ${options.secretsFile}. `
    }Make ADMIN_TOKEN and SECRET_KEY if it has none, and show them once.`,
  async run(deployment) {
    const { options } = deployment;
    const own = options.secretsFile === undefined ? {} : secretsIn(options.secretsFile);
    const present = await presentSecrets(options.args);
    const made = missingSecrets(present, own);
    const { code, events } = await withSecretsFile({ ...own, ...made }, (flags) =>
      reported([...environmentFlag(options), ...options.args, ...flags]),
    );
    // A deploy may fail after the Worker has been uploaded with its secrets.
    const uploaded = code === 0 ? made : await uploadedOf(made, options.args);
    process.stdout.write(madeSecrets(uploaded, process.stdout.isTTY, sharedFlags(options.args)));
    if (code !== 0) throw new StepError(failureIn(events));
    deployment.token = uploaded.ADMIN_TOKEN ?? own['ADMIN_TOKEN'] ?? options.token;
    deployment.url = options.url ?? addressOf(customDomainsOf(deployment.configuration), targetsIn(events));
    return `Deployed${deployment.url === undefined ? '' : ` at ${deployment.url}`}.`;
  },
};

/** Said also where there is none, since wrangler warns if a configuration has environments and no flag. */
export function environmentFlag({ env }: Options): string[] {
  return env === '' ? ['--env='] : [];
}

type Made = ReturnType<typeof missingSecrets>;

/** Those secrets of a failed deploy that the Worker has all the same. */
async function uploadedOf(made: Made, args: readonly string[]): Promise<Made> {
  if (Object.keys(made).length === 0) return made;
  const present = await presentSecrets(args).catch(() => new Set<string>());
  return Object.fromEntries(Object.entries(made).filter(([name]) => present.has(name)));
}

/** What wrangler reports to programs, one JSON object a line. */
interface ReportedEvent {
  readonly type: string;
  readonly targets?: readonly string[] | null;
  readonly message?: string;
  /** What Cloudflare calls the failure. */
  readonly code?: number;
}

/** Deploys with this process's own output, and gives what wrangler reports beside it. */
async function reported(args: readonly string[]): Promise<{ code: number; events: ReportedEvent[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'speck-deploy-'));
  try {
    const code = await ended(
      spawnWrangler(['deploy', ...args], {
        stdio: 'inherit',
        env: { WRANGLER_OUTPUT_FILE_DIRECTORY: directory },
      }),
    );
    const lines = readdirSync(directory).flatMap((name) =>
      readFileSync(join(directory, name), 'utf8').split('\n'),
    );
    return { code, events: lines.filter((line) => line !== '').map((line) => JSON.parse(line)) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function targetsIn(events: readonly ReportedEvent[]): readonly string[] {
  return events.flatMap(({ type, targets }) => (type === 'deploy' ? (targets ?? []) : []));
}

function failureIn(events: readonly ReportedEvent[]): string {
  const messages = events.flatMap(({ type, message, code }) =>
    type === 'command-failed' ? [`${message}${code === undefined ? '' : ` [code: ${code}]`}`] : [],
  );
  return messages.join('\n') || 'wrangler deploy failed: see above.';
}

/** The Worker's own address: a domain, or the one under workers.dev; undefined if it is only on a path of a site. */
export function addressOf(domains: readonly string[], targets: readonly string[]): string | undefined {
  const [domain] = domains;
  return domain === undefined ? targets.find((target) => target.startsWith('https://')) : `https://${domain}`;
}
