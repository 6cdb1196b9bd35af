/** Meta's fbq, for pages that were written for Meta's pixel. */
import { type About, type Data, handle, track, view } from './core.ts';
import { say } from './debug.ts';
import { matchUser } from './matching.ts';
import { options, script } from './script.ts';

type Arguments = [name?: string, data?: Data, about?: About];

/** Meta's own snippet makes it: calls wait in its queue until there is a callMethod. */
interface Fbq {
  (...call: [command: string, ...rest: Arguments]): void;
  callMethod(...call: [command: string, ...rest: Arguments]): void;
  queue?: [command: string, ...rest: Arguments][];
}

/** The script that Meta's snippet loads, with its host changed: the pixel's id is known from fbq('init', …) only. */
export const byMetaSnippet = META && /fbevents/.test(script?.src as string);

export const listenToMeta = (): void => {
  const name = options.alias || (byMetaSnippet && 'fbq');
  if (!name) return;
  const globals = window as unknown as Record<string, Fbq>;
  const fbq = globals[name] || (((...call) => fbq.callMethod(...call)) as Fbq);
  globals[name] = fbq;
  fbq.callMethod = (command, ...rest) => {
    if (command === 'init') {
      options.pixel = options.pixel || rest[0] || '';
      matchUser(rest[1]);
    } else if (/^track/.test(command)) {
      // The id of a pixel comes first.
      if (/Single/.test(command)) rest.shift();
      const [name, data, about] = rest;
      if (name === 'PageView') view(data, about);
      else track(name, data, about);
    } else if (command === 'consent') handle([command, rest[0] === 'grant' ? 'granted' : 'denied']);
    else say(command);
  };
  for (const call of fbq.queue || []) fbq.callMethod(...call);
};
