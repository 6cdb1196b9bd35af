/**
 * What to change so that another tool's client sends to this Worker, and what that client calls its site. The Install view shows
 * this with the pixel's own values; docs/migrate.md has it with those of an example (`npm run docs`). Text between backticks is code.
 */
import type { PixelKey } from '../model/pixel-key.ts';

/** The values of a pixel that the instructions contain. */
export interface Target {
  readonly pixel: string;
  /** The Worker's origin, such as `https://px.example.com`. */
  readonly origin: string;
  /** The host of the pixel's site. */
  readonly site: string;
}

export interface Change {
  /** The client, and where its line is. */
  readonly title: string;
  readonly text: string;
}

export interface ToolGuide {
  readonly tool: PixelKey;
  /** The name on the tab. */
  readonly label: string;
  /** What the tool calls the name of a site. */
  readonly nameLabel: string;
  readonly nameHint: string;
  readonly nameExample: string;
  /** The one line to change, for each of the tool's clients. */
  readonly changes: readonly Change[];
  readonly note: string;
}

/** @returns the guides, those with the most readers first. */
export function toolGuides({ pixel, origin, site }: Target): readonly ToolGuide[] {
  return [
    {
      tool: 'ga4',
      label: 'Google Analytics',
      nameLabel: 'Measurement ID',
      nameHint: 'It is under Admin, Data streams, and begins with G-.',
      nameExample: 'G-AB12CD34EF',
      changes: [
        {
          title: 'In the call of gtag, in each page',
          text: `gtag('config', 'G-AB12CD34EF', {server_container_url: '${origin}'});`,
        },
        {
          title: 'From a server, with the Measurement Protocol',
          text: `${origin}/mp/collect?measurement_id=G-AB12CD34EF&api_secret=TOKEN`,
        },
      ],
      note: 'Google no longer receives these events. Consent mode carries over: without consent to analytics, an event is counted, but nobody is recognized.',
    },
    {
      tool: 'plausible',
      label: 'Plausible',
      nameLabel: 'Domain',
      nameHint: 'It is in data-domain, and in the list of sites.',
      nameExample: site,
      changes: [
        {
          title: 'In the script element, in each page',
          text: `<script defer data-domain="${site}" data-api="${origin}/api/event" src="…"></script>`,
        },
        {
          title: 'In the call of init, for the newer script and for @plausible-analytics/tracker',
          text: `init({domain: '${site}', endpoint: '${origin}/api/event'})`,
        },
      ],
      note: 'Custom events, properties, revenue and engagement carry over.',
    },
    {
      tool: 'matomo',
      label: 'Matomo',
      nameLabel: 'Site ID',
      nameHint: 'It is the number in setSiteId.',
      nameExample: '1',
      changes: [
        {
          title: 'In the tracking code, in each page',
          text: `_paq.push(['setTrackerUrl', '${origin}/matomo.php']);`,
        },
        {
          title: 'On a server, with matomo-tracker',
          text: `new MatomoTracker(1, '${origin}/matomo.php');`,
        },
      ],
      note: 'A server sends the time and address of its visitors with a token of Speck as token_auth.',
    },
    {
      tool: 'umami',
      label: 'Umami',
      nameLabel: 'Website ID',
      nameHint: 'It is the UUID in data-website-id.',
      nameExample: '94db1cb1-74f4-4a40-ad6c-962362670409',
      changes: [
        {
          title: 'In the script element, in each page',
          text: `<script defer src="…/script.js" data-website-id="…" data-host-url="${origin}"></script>`,
        },
        {
          title: 'On a server, with @umami/node',
          text: `const umami = new Umami({websiteId: '…', hostUrl: '${origin}'});`,
        },
      ],
      note: 'Events with their data carry over. The data of identify is not stored, but for its id.',
    },
    {
      tool: 'posthog',
      label: 'PostHog',
      nameLabel: 'Project token',
      nameHint: 'It begins with phc_.',
      nameExample: 'phc_…',
      changes: [
        {
          title: 'In the call of init of posthog-js, in each page',
          text: `posthog.init('phc_…', {api_host: '${origin}'});`,
        },
        {
          title: 'On a server, with posthog-node',
          text: `new PostHog('phc_…', {host: '${origin}'});`,
        },
      ],
      note: 'Recordings, surveys and feature flags are switched off.',
    },
    {
      tool: 'segment',
      label: 'Segment, RudderStack',
      nameLabel: 'Write key',
      nameHint: 'It is the key of the source, as load or the constructor has it.',
      nameExample: '',
      changes: [
        {
          title: 'In the page, with @segment/analytics-next',
          text: `AnalyticsBrowser.load({writeKey: '…', cdnURL: '${origin}'});`,
        },
        {
          title: 'On a server, with @segment/analytics-node',
          text: `new Analytics({writeKey: '…', host: '${origin}'});`,
        },
        {
          title: 'On a server, with @rudderstack/rudder-sdk-node',
          text: `new Analytics('…', {dataPlaneUrl: '${origin}'});`,
        },
      ],
      note: 'On a server, use a token of Speck as the write key: then the time and address of each message count.',
    },
    {
      tool: 'snowplow',
      label: 'Snowplow',
      nameLabel: 'Application ID',
      nameHint: 'It is the appId of the tracker.',
      nameExample: 'shop',
      changes: [
        {
          title: 'Where the tracker is made, in each page',
          text: `newTracker('sp', '${origin}', {appId: 'shop'});`,
        },
        {
          title: 'On a server, with @snowplow/node-tracker',
          text: `newTracker({namespace: 'sp', appId: 'shop'}, {endpoint: '${origin}'});`,
        },
      ],
      note: 'Self-describing events and contexts become properties.',
    },
    {
      tool: 'goatcounter',
      label: 'GoatCounter',
      nameLabel: 'Host of the site',
      nameHint: 'Its script sends no name, so the host of the page counts.',
      nameExample: site,
      changes: [
        {
          title: 'In the script element, in each page',
          text: `<script data-goatcounter="${origin}/count" async src="…/count.js"></script>`,
        },
      ],
      note: 'Paths, titles and events carry over.',
    },
    {
      tool: 'counterscale',
      label: 'Counterscale',
      nameLabel: 'Site ID',
      nameHint: 'It is in data-site-id.',
      nameExample: site,
      changes: [
        {
          title: 'In the page, with @counterscale/tracker',
          text: `Counterscale.init({siteId: '${site}', reporterUrl: '${origin}/collect'});`,
        },
      ],
      note: `Or use ${pixel} as the site ID.`,
    },
  ];
}
