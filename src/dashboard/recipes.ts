/**
 * Where the snippet goes in common systems. The Install view shows these recipes with the pixel's own values; docs/tag.md contains
 * them with those of an example (`npm run docs`). Text between backticks is code.
 */

import { RELAY_STUB, STUB } from '../model/stub.ts';

/** The values of a pixel that its recipes contain. */
export interface Subject {
  readonly pixel: string;
  /** The two script elements for pages, and the URLs of script and collector, as the API returns them. */
  readonly install: {
    readonly script: string;
    readonly script_url: string;
    readonly collect_url: string;
  };
  /** Whether the pages are on the owner's machine, and are counted only with `data-local`. */
  readonly isLocal: boolean;
  /** Whether the pixel has destinations of conversions, for which the tag needs `data-relay`. */
  readonly isRelayed: boolean;
}

export interface Code {
  /** The name of the code for the button that copies it, and where it goes. */
  readonly title: string;
  readonly language: 'html' | 'js' | 'jsx' | 'php';
  readonly text: string;
}

export interface Recipe {
  readonly name: string;
  readonly steps: readonly string[];
  readonly note: string;
  readonly codes: readonly Code[];
}

/** @returns the recipes, those with the most readers first. */
export function recipesOf({ pixel, install, isLocal, isRelayed }: Subject): readonly Recipe[] {
  const { script, script_url: tag, collect_url } = install;
  const stub = isRelayed ? RELAY_STUB : STUB;
  const more = `${isRelayed ? ' data-relay=""' : ''}${isLocal ? ' data-local=""' : ''}`;
  return [
    {
      name: 'WordPress',
      steps: [
        'Install and activate the plugin WPCode.',
        'Open `Code Snippets` > `Header & Footer`, paste the snippet into the field `Header`, and save.',
        `If a plugin caches pages, empty its cache. If it combines or delays scripts, exclude \`${tag.slice(tag.lastIndexOf('/') + 1)}\`.`,
      ],
      note: 'Without a plugin, add the code for `functions.php` to that file of a child theme.',
      codes: [
        { title: 'The snippet', language: 'html', text: script },
        {
          title: 'For functions.php',
          language: 'php',
          text: `add_action('wp_head', function () { ?>\n${script}\n<?php });`,
        },
      ],
    },
    {
      name: 'Google Tag Manager',
      steps: [
        'Create a tag of the type `Custom HTML`, and paste the code.',
        'Choose the trigger `All Pages`, save, and submit the container.',
      ],
      note: 'Tag Manager removes `data-` attributes from script elements, so this code creates the element itself. Visitors who block Tag Manager are not counted.',
      codes: [
        {
          title: 'The tag',
          language: 'html',
          text: [
            '<script>',
            `${stub};`,
            '(function () {',
            "  var tag = document.createElement('script');",
            `  tag.src = '${tag}';`,
            `  tag.setAttribute('data-pixel', '${pixel}');`,
            "  tag.setAttribute('data-use', 'all');",
            ...(isRelayed ? ["  tag.setAttribute('data-relay', '');"] : []),
            ...(isLocal ? ["  tag.setAttribute('data-local', '');"] : []),
            '  document.head.appendChild(tag);',
            '})();',
            '</script>',
          ].join('\n'),
        },
      ],
    },
    {
      name: 'Shopify',
      steps: [
        'Open `Online Store` > `Themes`. In the menu `…` of your theme, choose `Edit code`.',
        'In `layout/theme.liquid`, paste the snippet before `</head>`, and save.',
        'To count purchases, open `Settings` > `Customer events`, add a custom pixel, paste its code, save, and connect it.',
      ],
      note: 'The theme is not part of the checkout, so purchases need the custom pixel. Its page is `/checkout/completed`, since the real URL contains a key of the order.',
      codes: [
        { title: 'The snippet', language: 'html', text: script },
        {
          title: 'The custom pixel',
          language: 'js',
          text: [
            "analytics.subscribe('checkout_completed', (event) => {",
            '  const { totalPrice } = event.data.checkout;',
            `  fetch('${collect_url}', {`,
            "    method: 'POST',",
            "    mode: 'no-cors',",
            '    keepalive: true,',
            '    body: JSON.stringify({',
            `      id: '${pixel}',`,
            "      ev: 'Purchase',",
            '      eid: event.id,',
            "      dl: event.context.document.location.origin + '/checkout/completed',",
            '      cd: { value: totalPrice.amount, currency: totalPrice.currencyCode },',
            '    }),',
            '  });',
            '});',
          ].join('\n'),
        },
      ],
    },
    {
      name: 'Next.js',
      steps: [
        'Add both `Script` elements to the body of the root layout, `app/layout.tsx`. In a project with the folder `pages`, add them to `pages/_app.tsx`.',
      ],
      note: 'Navigations by `next/link` and the router are counted, too.',
      codes: [
        {
          title: 'In the root layout',
          language: 'jsx',
          text: [
            "import Script from 'next/script';",
            '',
            `<Script id="speck">{\`${stub}\`}</Script>`,
            `<Script src="${tag}" data-pixel="${pixel}" data-use="all"${more} />`,
          ].join('\n'),
        },
      ],
    },
    {
      name: 'Astro',
      steps: ['Add both scripts to `<head>` in the layout of your pages, often `Layout.astro`.'],
      note: 'Without `is:inline`, Astro would make a module of the first script. With `<ClientRouter />`, navigations are counted, too.',
      codes: [
        {
          title: 'In the layout',
          language: 'html',
          text: script.replaceAll('<script', '<script is:inline'),
        },
      ],
    },
    {
      name: 'Webflow',
      steps: [
        'Open `Site settings` > `Custom code`, paste the snippet into `Head code`, and save.',
        'Publish the site.',
      ],
      note: 'Webflow runs custom code on published sites, and offers it with its paid plans.',
      codes: [{ title: 'The snippet', language: 'html', text: script }],
    },
  ];
}
