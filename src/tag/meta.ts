/** Meta's fbq, for pages that were written for Meta's pixel. */
import { type About, handle, track, view } from './core.ts';
import { say } from './debug.ts';
import { type Data, matchUser } from './outbox.ts';
import { safe } from './page.ts';
import { options, script } from './script.ts';

type Arguments = [name?: string, data?: Data, about?: About];
export type MetaCall = [command: string, ...rest: unknown[]];

/** The function that Meta's snippet creates. Calls wait in its queue until it has a callMethod. */
interface Fbq {
  (...call: MetaCall): unknown;
  callMethod?: Fbq;
  disablePushState?: unknown;
  queue?: MetaCall[];
  /** Of a callMethod that is not of Meta's own script: that of Meta's, once it has run. */
  own?: Fbq | undefined;
}

/** Whether Meta's snippet, with its host changed, has loaded the tag. The pixel's id then comes from fbq('init', …) only. */
export const byMetaSnippet = META && /fbevents/.test(script?.src as string);

const globals = window as unknown as Record<string, Fbq | undefined>;
const alias = META ? options?.alias || (byMetaSnippet && 'fbq') || '' : '';

/** Whether the page counts navigations itself. Read each time, as Meta does. */
export const stopsHistory = (): unknown => globals[alias]?.disablePushState;

/** Runs a call of fbq(…). */
export const hearMeta: Fbq = (command, ...given) => {
  const rest = given as Arguments;
  // The first argument is a pixel id.
  if (/Single/.test(command)) rest.shift();
  const [name, data, about] = rest;
  if (command === 'init') {
    options.pixel = options.pixel || name || '';
    if (data) matchUser(data);
  } else if (command === 'consent') handle([command, name === 'grant' ? 'granted' : 'denied']);
  else if (!/track/.test(command)) say(command);
  else if (ALL) return name === 'PageView' ? view(about, data) : track(name, data, about, 1);
  else if (name === 'PageView') view(about, data);
  else track(name, data, about);
  return;
};

/** @param heard what the snippet for data-relay has heard. It stands before Meta's own script, which gets all calls as well. */
export const listenToMeta = (heard?: Iterable<MetaCall>): void => {
  if (!alias) return;
  if (ALL && heard) {
    for (const call of heard) safe(() => hearMeta(...call))(0);
    return;
  }
  const fbq = globals[alias] || hearMeta;
  if (ALL && 'relay' in options) {
    if (fbq.callMethod) {
      console.warn("Speck: data-relay beside Meta's pixel needs another snippet");
      return;
    }
    // For relay.ts: Meta's own script has not run.
    hearMeta.own = undefined;
  }
  globals[alias] = fbq;
  fbq.callMethod = hearMeta;
  for (const waiting of fbq.queue || []) hearMeta(...waiting);
};
