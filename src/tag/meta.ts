/** Meta's fbq, for pages that were written for Meta's pixel. */
import { type About, type Data, handle, track, view } from './core.ts';
import { say } from './debug.ts';
import { matchUser } from './matching.ts';
import { options, script } from './script.ts';

type Arguments = [name?: string, data?: Data, about?: About];

/** Meta's own snippet makes it: calls wait in its queue until there is a callMethod. */
interface Fbq {
  (...call: [command: string, ...rest: Arguments]): void;
  callMethod?: Fbq;
  disablePushState?: unknown;
  queue?: [command: string, ...rest: Arguments][];
}

/** The script that Meta's snippet loads, with its host changed: the pixel's id is known from fbq('init', …) only. */
export const byMetaSnippet = META && /fbevents/.test(script?.src as string);

const globals = window as unknown as Record<string, Fbq | undefined>;
const alias = META ? options.alias || (byMetaSnippet && 'fbq') || '' : '';

/** Whether the page wants to count navigations itself. Live, as Meta reads it. */
export const stopsHistory = (): unknown => globals[alias]?.disablePushState;

export const listenToMeta = (): void => {
  if (!alias) return;
  const call: Fbq = (command, ...rest) => {
    // The id of a pixel comes first.
    if (/Single/.test(command)) rest.shift();
    const [name, data, about] = rest;
    if (command === 'init') {
      options.pixel = options.pixel || name || '';
      if (data) matchUser(data);
    } else if (command === 'consent') handle([command, name === 'grant' ? 'granted' : 'denied']);
    else if (!/track/.test(command)) say(command);
    else if (name === 'PageView') view(about, data);
    else track(name, data, about);
  };
  const fbq = globals[alias] || call;
  globals[alias] = fbq;
  fbq.callMethod = call;
  for (const waiting of fbq.queue || []) call(...waiting);
};
