/** Sends a made-up event in the network's test mode, and shows what the network answered. */
import { useState } from 'preact/hooks';
import type { DestinationJson, DestinationTestJson, NetworkJson } from '../../model/relay-json.ts';
import { call } from '../api.ts';
import { useSubmission } from '../forms.tsx';
import { ErrorMessage } from '../ui.tsx';
import { AnswerText, FieldTags } from './answer.tsx';

const OUTCOMES: Readonly<Record<DestinationTestJson['verdict'], string>> = {
  delivered: 'accepted the test event.',
  sent: 'has received the test event, and decides later.',
  refused: 'refused the test event.',
  retry: 'could not take the test event now.',
  stop: 'does not accept this destination.',
};

interface Props {
  readonly path: string;
  readonly destination: DestinationJson;
  readonly network: NetworkJson;
  /** Called after a test: what it learned may have changed the destination. */
  readonly onTest: () => void;
}

/** What the button does, and why it cannot be pressed if it cannot. */
function purposeOf(
  { title, test }: NetworkJson,
  code: string,
): { readonly text: string; readonly isPossible: boolean } {
  if (test === 'none') {
    const text = `${title} has no test mode. Check the ledger after an event has matched a rule.`;
    return { text, isPossible: false };
  }
  if (test === 'validate') {
    return {
      text: `Sends one made-up event of example data to be checked. ${title} counts nothing.`,
      isPossible: true,
    };
  }
  return code === ''
    ? {
        text: `Without a test code, ${title} counts the event as a real one. Edit the destination to set one.`,
        isPossible: false,
      }
    : {
        text: `Sends one made-up event of example data. ${title} shows it among its test events, under the code ${code}, and may count it.`,
        isPossible: true,
      };
}

export function TestEvent({ path, destination, network, onTest }: Props) {
  const { title } = network;
  const { text, isPossible } = purposeOf(network, destination.test_code);
  const [result, setResult] = useState<DestinationTestJson | null>(null);
  const { busy, failure, send } = useSubmission();
  const run = async (): Promise<undefined> => {
    setResult(null);
    setResult(await call<DestinationTestJson>('POST', `${path}/test`, {}));
    onTest();
  };
  const isGood = result?.verdict === 'delivered' || result?.verdict === 'sent';
  return (
    <section class="block" aria-labelledby="test">
      <div class="row test">
        <div class="grow">
          <h2 id="test">Test</h2>
          <p class="muted">
            {text} <b role="status">{busy && 'Sent. Waiting for the answer…'}</b>
          </p>
        </div>
        <button type="button" disabled={busy || !isPossible} onClick={() => void send(run)}>
          Send a test event
        </button>
      </div>
      {failure && <ErrorMessage failure={failure} />}
      {result && (
        <div class={`result ${isGood ? 'good' : 'bad'}`} role="status">
          <p>
            <b>
              {title} {OUTCOMES[result.verdict]}
            </b>
          </p>
          <AnswerText answer={result.answer} title={title} />
          {result.fields.length > 0 && (
            <details>
              <summary>Fields that were sent</summary>
              <FieldTags fields={result.fields} />
            </details>
          )}
        </div>
      )}
    </section>
  );
}
