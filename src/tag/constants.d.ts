/** What the builds of the tag differ in. scripts/build-tag.ts and scripts/build-package.ts replace the constants by their values. */

/** Whether the build has options: /speck.plus.js and /speck.all.js have. */
declare const PLUS: boolean;
/** Whether the build speaks Meta's fbq: /speck.meta.js, which is /en_US/fbevents.js too, and /speck.all.js do. */
declare const META: boolean;
/** Whether the build works on pages that have replaced what the others rely on: /speck.all.js. */
declare const ALL: boolean;
/** Whether the build is part of the npm package, which says what the others read from their script element. */
declare const PACKAGE: boolean;
/** What the npm package says: the parameter of the function that its build is wrapped in. */
declare const HOST: import('./host.ts').Host;

interface Window {
  /** The pixel's id, and options as in a query, for pages that cannot give them to the script element. */
  readonly speckPixel?: string;
}
