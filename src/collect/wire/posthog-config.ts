/** What PostHog's libraries request before they send events, and what makes them do without the rest of PostHog. */

/**
 * Settings of a site: everything that Speck does not have is off. Whether clicks are captured is left to the page. Surveys are not
 * mentioned: for `surveys: false`, the browser library would load their script before it leaves them out.
 */
const CONFIG = {
  supportedCompression: ['gzip-js', 'base64'],
  hasFeatureFlags: false,
  sessionRecording: false,
  heatmaps: false,
  captureDeadClicks: false,
  capturePerformance: false,
  autocapture_opt_out: false,
  autocaptureExceptions: false,
  errorTracking: { autocaptureExceptions: false, suppressionRules: [] },
  logs: { captureConsoleLogs: false },
  productTours: false,
  conversations: false,
  siteApps: [],
  toolbarParams: {},
  editorParams: {},
  isAuthenticated: false,
  defaultIdentifiedOnly: true,
};

/** Flags: none. Older libraries read their settings from this response, too. */
const FLAGS = {
  flags: {},
  featureFlags: {},
  featureFlagPayloads: {},
  errorsWhileComputingFlags: false,
  config: { enable_collect_everything: true },
};

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export const flagsResponse = (): Response => Response.json({ ...CONFIG, ...FLAGS }, { headers: HEADERS });

/** The settings of a site, as JSON or as a script. @param path below `/array/`. */
export function configResponse(path: string): Response {
  const [, token, script] = /^\/array\/([\w.~-]+)\/config(\.js)?$/.exec(path) ?? [];
  if (token === undefined) return new Response(null, { status: 404, headers: HEADERS });
  if (script === undefined) return Response.json(CONFIG, { headers: HEADERS });
  const place = 'window._POSTHOG_REMOTE_CONFIG';
  const settings = JSON.stringify({ config: CONFIG, siteApps: [] });
  return new Response(`(${place}=${place}||{})[${JSON.stringify(token)}]=${settings};`, {
    headers: {
      ...HEADERS,
      'content-type': 'text/javascript; charset=utf-8',
      'cross-origin-resource-policy': 'cross-origin',
    },
  });
}
