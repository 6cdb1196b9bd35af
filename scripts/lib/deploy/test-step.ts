/** The step that tests the deployed Speck from outside, as far as the token is known. */
import { SendError } from '../api-client.ts';
import { sharedFlags } from '../wrangler.ts';
import type { Deployment } from './deployment.ts';
import { reach, runSmokeTest } from './smoke-test.ts';
import { type Step, StepError } from './step.ts';

export const testStep: Step = {
  name: 'Smoke test',
  permission: null,
  would: ({ url }) =>
    `Test ${url ?? 'the address'}: add a pixel, fetch a GIF, post a beacon, ask for the numbers, delete the pixel.`,
  async run({ url, token, options }: Deployment) {
    if (url === undefined) {
      return 'Not tested: the Worker has no address of its own. Say one with --url.';
    }
    const onRetry = (message: string) => console.log(`     ${message}`);
    try {
      if (token === undefined) {
        await reach({ url, onRetry });
        return `${url} answers. To test more, give the owner's token: ${smokeTestCommand(url)}`;
      }
      await runSmokeTest({ url, token, onRetry });
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      const back = ['npx wrangler rollback', ...sharedFlags(options.args)].join(' ');
      throw new StepError(
        `${error.message}\n\nThe Worker is deployed. To test again: ${smokeTestCommand(url)}\nTo go back to the Worker before: ${back}`,
      );
    }
    return `${url} counted a page view and a beacon, and answered with the right numbers.`;
  },
};

/** The command that tests a Speck and does nothing else. */
function smokeTestCommand(url: string): string {
  return `SPECK_TOKEN=… npm run deploy -- --smoke-test ${url}`;
}
