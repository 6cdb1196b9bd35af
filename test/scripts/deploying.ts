/** What the tests of `npm run deploy` share: a copy of the project, a fake of Cloudflare, and a real Speck in place of the deployed one. */
import { ADMIN_TOKEN, type Speck, startSpeck } from '../e2e/harness.ts';
import { type FakeCloudflare, startFakeCloudflare } from './fake-cloudflare.ts';
import { type Front, startFront } from './front.ts';
import { copyProject, type Project } from './project.ts';

export interface Deploying {
  readonly project: Project;
  readonly cloudflare: FakeCloudflare;
  /** The address of the deployed Worker. It answers once a Worker is deployed, and knows the token that went up with it. */
  readonly front: Front;
  readonly speck: Speck;
  /** Runs `npm run deploy` with these flags, and tests the address of `front`. */
  deploy(args?: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** Ends what a test has made fail. */
  mend(): void;
  /** Empties the account, too. */
  reset(): void;
  close(): Promise<void>;
}

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

export async function startDeploying(): Promise<Deploying> {
  const project = copyProject();
  const cloudflare = await startFakeCloudflare();
  const speck = await startSpeck();
  const front = await startFront(speck.url);
  const deploying: Deploying = {
    project,
    cloudflare,
    front,
    speck,
    async deploy(args = [], environment = {}) {
      const script = project.run('scripts/deploy.ts', ['--url', front.url, ...args], {
        ...cloudflare.environment,
        ...environment,
      });
      const code = await script.ended;
      return { code, output: script.stdout() + script.stderr() };
    },
    reset() {
      cloudflare.reset();
      deploying.mend();
    },
    mend() {
      cloudflare.rejects = undefined;
      cloudflare.failsAfter = undefined;
      front.reset();
      front.instead = () =>
        cloudflare.workers.size === 0 ? { status: 404, body: 'There is nothing here yet' } : undefined;
      front.token = (given) =>
        [...cloudflare.workers.values()].some(({ secrets }) => secrets.get('ADMIN_TOKEN') === given)
          ? ADMIN_TOKEN
          : 'unknown';
    },
    async close() {
      cloudflare.close();
      front.close();
      project.remove();
      await speck.close();
    },
  };
  deploying.reset();
  return deploying;
}
