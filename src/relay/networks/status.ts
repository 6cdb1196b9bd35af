/** What an answer means by its status alone, where the network's own code does not say it. */
import type { Answer } from '../../model/delivery.ts';
import type { Network, RelayResponse, Verdict } from '../network.ts';
import { isTransient, retryAfterOf } from './shared.ts';

type Named = Pick<Network, 'title' | 'account' | 'secret'>;

/** @param answer without advice: each verdict brings its own. */
export function statusVerdict(network: Named, response: RelayResponse, answer: Answer, now: number): Verdict {
  const { status } = response;
  if (status === 401 || status === 403) return stop(answer, secretAdvice(network));
  if (status === 404 || status === 405 || status === 410) return stop(answer, accountAdvice(network));
  if (status >= 300 && status < 400) {
    return stop(answer, 'The host redirects to another URL. Check the host of the destination.');
  }
  // A success that cannot be read may come from a proxy, so nothing proves that the events were taken.
  if (status < 300 || status === 425 || isTransient(status)) {
    return { kind: 'retry', answer, after: retryAfterOf(response, now) };
  }
  return split(network, answer);
}

/** What a request means that is refused as a whole, because of an event that the network does not name. */
export function split({ title }: Named, answer: Answer): Verdict {
  const advice = `${title} says in its message what is wrong with the event. Correct it on your page or your server.`;
  return { kind: 'split', answer: { ...answer, advice } };
}

export function stop(answer: Answer, advice: string): Verdict {
  return { kind: 'stop', answer: { ...answer, advice } };
}

/** What an owner does if the network does not accept the secret. */
export const secretAdvice = ({ title, secret }: Named): string =>
  `${title} does not accept the “${secret.label}” any more. Create a new one, and enter it in the destination. Speck then sends the conversions that wait.`;

/** What an owner does if the network does not know the account. */
export const accountAdvice = ({ title, account }: Named): string =>
  `${title} does not know this “${account.label}” or this version of its API. Check both, and the host.`;
