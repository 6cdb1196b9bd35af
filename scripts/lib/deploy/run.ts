/** Runs the steps of a deploy, or shows them. */
import type { Deployment } from './deployment.ts';
import { adviceFor, type Step, StepError } from './step.ts';

/** The steps that this deployment has. */
export function stepsOf(steps: readonly Step[], deployment: Deployment): Step[] {
  return steps.filter((step) => step.would(deployment) !== null);
}

/** What a dry run prints: each step with what it would do. */
export function showSteps(steps: readonly Step[], deployment: Deployment): string {
  const own = stepsOf(steps, deployment);
  const width = Math.max(...own.map(({ name }) => name.length));
  return own
    .map((step, index) => `${index + 1}/${own.length}  ${step.name.padEnd(width)}  ${step.would(deployment)}`)
    .join('\n');
}

/** Runs the steps in order up to the first that fails, and says what was done. @returns whether all were done */
export async function runSteps(steps: readonly Step[], deployment: Deployment): Promise<boolean> {
  const own = stepsOf(steps, deployment);
  const done: string[] = [];
  for (const [index, step] of own.entries()) {
    const label = `${index + 1}/${own.length}  ${step.name}`;
    try {
      console.log(`${label}: ${await step.run(deployment)}`);
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      console.error(failureText(label, step, error.message, done));
      return false;
    }
    done.push(step.name);
  }
  return true;
}

function failureText(label: string, step: Step, message: string, done: readonly string[]): string {
  const advice = adviceFor(message, step.permission);
  return `
${message}

${label} failed.${advice.map((line) => `\n${line}`).join('')}
Done before it: ${done.length === 0 ? 'nothing' : done.join(', ')}. Run the same command again: what is done is not done twice.`;
}
