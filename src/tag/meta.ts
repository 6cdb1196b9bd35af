/** Meta's fbq, for pages that were written for Meta's pixel. */
import { type About, handle, track, view } from './core.ts';
import { say } from './debug.ts';
import type { Data } from './outbox.ts';
import { matchUser } from './outbox.ts';
import { options, script } from './script.ts';

type Arguments = [name?: string, data?: Data, about?: About];

/** The function that Meta's snippet creates. Calls wait in its queue until it has a callMethod. */
interface Fbq {
  (...call: [command: string, ...rest: Arguments]): void;
  callMethod?: Fbq;
  disablePushState?: unknown;
  queue?: [command: string, ...rest: Arguments][];
}

/** Whether Meta's snippet, with its host changed, has loaded the tag. The pixel's id then comes from fbq('init', …) only. */
export const byMetaSnippet = META && /fbevents/.test(script?.src as string);

const globals = window as unknown as Record<string, Fbq | undefined>;
const alias = META ? options?.alias || (byMetaSnippet && 'fbq') || '' : '';

/** Whether the page counts navigations itself. Read each time, as Meta does. */
export const stopsHistory = (): unknown => globals[alias]?.disablePushState;

export const listenToMeta = (): void => {
  if (!alias) return;
  const call: Fbq = (command, ...rest) => {
    // The first argument is a pixel id.
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
