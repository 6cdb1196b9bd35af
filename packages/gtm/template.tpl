___INFO___

{
  "type": "TAG",
  "id": "cvt_temp_public_id",
  "version": 1,
  "securityGroups": [],
  "displayName": "Speck",
  "categories": ["ANALYTICS"],
  "brand": {
    "id": "brand_dummy",
    "displayName": "Speck"
  },
  "description": "Counts page views and events with a Speck pixel on your own host, without cookies unless the visitor agrees. Follows consent mode.",
  "containerContexts": ["WEB"]
}


___TEMPLATE_PARAMETERS___

[
  {
    "type": "TEXT",
    "name": "script",
    "displayName": "URL of the script",
    "simpleValueType": true,
    "alwaysInSummary": true,
    "valueHint": "https://px.example.com/speck.plus.js",
    "help": "The dashboard's Install view shows it. It is on your own host.",
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      },
      {
        "type": "REGEX",
        "args": ["^https://[^?#\\s]+\\.js$"],
        "errorMessage": "Enter an https URL that ends in .js."
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "pixel",
    "displayName": "Pixel id",
    "simpleValueType": true,
    "alwaysInSummary": true,
    "valueHint": "px_…",
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      },
      {
        "type": "REGEX",
        "args": ["^px_\\w+$"],
        "errorMessage": "A pixel's id begins with px_."
      }
    ]
  },
  {
    "type": "RADIO",
    "name": "kind",
    "displayName": "What to count",
    "simpleValueType": true,
    "defaultValue": "pageview",
    "radioItems": [
      {
        "value": "pageview",
        "displayValue": "Page views",
        "help": "Use one such tag, with the trigger All Pages. Navigations within the page are counted, too."
      },
      {
        "value": "event",
        "displayValue": "An event"
      }
    ]
  },
  {
    "type": "CHECKBOX",
    "name": "automatic",
    "checkboxText": "Also report engagement, outbound links, downloads, forms and error pages",
    "simpleValueType": true,
    "defaultValue": true,
    "help": "If several tags of this template are on a page, the one that fires first decides."
  },
  {
    "type": "CHECKBOX",
    "name": "hasDefault",
    "checkboxText": "This site sets a default for analytics_storage in consent mode",
    "simpleValueType": true,
    "defaultValue": false,
    "help": "Without a default, Tag Manager reports consent as granted before the visitor was asked. So Speck takes consent for granted at the start only if you check this. A denial always counts, and so does every later choice. While consent is denied, Speck stores page views and the names of events, without amounts and properties."
  },
  {
    "type": "GROUP",
    "name": "event",
    "displayName": "Event",
    "groupStyle": "NO_ZIPPY",
    "enablingConditions": [
      {
        "paramName": "kind",
        "paramValue": "event",
        "type": "EQUALS"
      }
    ],
    "subParams": [
      {
        "type": "TEXT",
        "name": "eventName",
        "displayName": "Name",
        "simpleValueType": true,
        "valueHint": "Signup",
        "valueValidators": [
          {
            "type": "NON_EMPTY"
          },
          {
            "type": "STRING_LENGTH",
            "args": [1, 120]
          }
        ],
        "enablingConditions": [
          {
            "paramName": "kind",
            "paramValue": "event",
            "type": "EQUALS"
          }
        ]
      },
      {
        "type": "TEXT",
        "name": "value",
        "displayName": "Amount",
        "simpleValueType": true,
        "help": "Revenue, as a decimal number with a point: 49.90"
      },
      {
        "type": "TEXT",
        "name": "currency",
        "displayName": "Currency",
        "simpleValueType": true,
        "help": "ISO 4217: EUR"
      },
      {
        "type": "TEXT",
        "name": "eventId",
        "displayName": "Id of the event",
        "simpleValueType": true,
        "help": "An event that is reported again within 48 hours under the same id counts once. Use an id that cannot be guessed."
      },
      {
        "type": "SIMPLE_TABLE",
        "name": "properties",
        "displayName": "Properties",
        "newRowButtonText": "Add a property",
        "simpleTableColumns": [
          {
            "type": "TEXT",
            "name": "name",
            "displayName": "Name",
            "defaultValue": "",
            "isUnique": true,
            "valueValidators": [
              {
                "type": "NON_EMPTY"
              }
            ]
          },
          {
            "type": "TEXT",
            "name": "value",
            "displayName": "Value",
            "defaultValue": ""
          }
        ]
      }
    ]
  }
]


___SANDBOXED_JS_FOR_WEB_TEMPLATE___

const addConsentListener = require('addConsentListener');
const callInWindow = require('callInWindow');
const copyFromWindow = require('copyFromWindow');
const createArgumentsQueue = require('createArgumentsQueue');
const encodeUriComponent = require('encodeUriComponent');
const injectScript = require('injectScript');
const isConsentGranted = require('isConsentGranted');
const makeTableMap = require('makeTableMap');
const templateStorage = require('templateStorage');

const CONSENT = 'analytics_storage';

// Calls wait here until the script runs.
if (!copyFromWindow('speck')) createArgumentsQueue('speck', 'speck.q');

// Tag Manager gives the script's element no attributes, so the options are in its URL.
let url = data.script + '?id=' + encodeUriComponent(data.pixel);
if (data.automatic) url += '&use=all';
if (!isConsentGranted(CONSENT)) url += '&consent=denied';
else if (data.hasDefault) url += '&consent=granted';

// One listener a page, however many tags of this template fire.
if (!templateStorage.getItem('listening')) {
  templateStorage.setItem('listening', true);
  addConsentListener(CONSENT, (type, isGranted) => {
    callInWindow('speck', 'consent', isGranted ? 'granted' : 'denied');
  });
}

if (data.kind === 'event') {
  const properties = makeTableMap(data.properties || [], 'name', 'value') || {};
  if (data.value || data.value === 0) properties.value = data.value;
  if (data.currency) properties.currency = data.currency;
  callInWindow('speck', 'track', data.eventName, properties, data.eventId ? { eventID: data.eventId } : {});
}

// The token makes Tag Manager load the script once a page.
injectScript(url, data.gtmOnSuccess, data.gtmOnFailure, 'speck');


___WEB_PERMISSIONS___

[
  {
    "instance": {
      "key": {
        "publicId": "inject_script",
        "versionId": "1"
      },
      "param": [
        {
          "key": "urls",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 1,
                "string": "https://*/*"
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "access_globals",
        "versionId": "1"
      },
      "param": [
        {
          "key": "keys",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  { "type": 1, "string": "key" },
                  { "type": 1, "string": "read" },
                  { "type": 1, "string": "write" },
                  { "type": 1, "string": "execute" }
                ],
                "mapValue": [
                  { "type": 1, "string": "speck" },
                  { "type": 8, "boolean": true },
                  { "type": 8, "boolean": true },
                  { "type": 8, "boolean": true }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  { "type": 1, "string": "key" },
                  { "type": 1, "string": "read" },
                  { "type": 1, "string": "write" },
                  { "type": 1, "string": "execute" }
                ],
                "mapValue": [
                  { "type": 1, "string": "speck.q" },
                  { "type": 8, "boolean": true },
                  { "type": 8, "boolean": true },
                  { "type": 8, "boolean": false }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "access_consent",
        "versionId": "1"
      },
      "param": [
        {
          "key": "consentTypes",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  { "type": 1, "string": "consentType" },
                  { "type": 1, "string": "read" },
                  { "type": 1, "string": "write" }
                ],
                "mapValue": [
                  { "type": 1, "string": "analytics_storage" },
                  { "type": 8, "boolean": true },
                  { "type": 8, "boolean": false }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "access_template_storage",
        "versionId": "1"
      },
      "param": []
    },
    "isRequired": true
  }
]


___TESTS___

scenarios:
- name: A page view loads the script of the owner with the pixel and the options
  code: |-
    mock('isConsentGranted', true);
    runCode({ script: 'https://px.example.com/speck.plus.js', pixel: 'px_1', kind: 'pageview', automatic: true });
    assertApi('injectScript').wasCalled();
    assertThat(injected).isEqualTo('https://px.example.com/speck.plus.js?id=px_1&use=all');
    assertApi('callInWindow').wasNotCalled();
    assertApi('gtmOnSuccess').wasCalled();
- name: A denial is passed on
  code: |-
    mock('isConsentGranted', false);
    runCode({ script: 'https://px.example.com/speck.js', pixel: 'px_1', kind: 'pageview' });
    assertThat(injected).isEqualTo('https://px.example.com/speck.js?id=px_1&consent=denied');
- name: Consent is passed on if the site has a default
  code: |-
    mock('isConsentGranted', true);
    runCode({ script: 'https://px.example.com/speck.js', pixel: 'px_1', kind: 'pageview', hasDefault: true });
    assertThat(injected).isEqualTo('https://px.example.com/speck.js?id=px_1&consent=granted');
- name: An event has its properties and revenue
  code: |-
    mock('isConsentGranted', true);
    mock('callInWindow', (path, command, name, properties, options) => {
      assertThat(path).isEqualTo('speck');
      assertThat(command).isEqualTo('track');
      assertThat(name).isEqualTo('Purchase');
      assertThat(properties).isEqualTo({ plan: 'pro', value: '49.90', currency: 'EUR' });
      assertThat(options).isEqualTo({ eventID: 'A-17' });
    });
    runCode({
      script: 'https://px.example.com/speck.js', pixel: 'px_1', kind: 'event', eventName: 'Purchase',
      value: '49.90', currency: 'EUR', eventId: 'A-17', properties: [{ name: 'plan', value: 'pro' }]
    });
    assertApi('callInWindow').wasCalled();
    assertApi('gtmOnSuccess').wasCalled();
- name: A script that cannot be loaded fails the tag
  code: |-
    mock('isConsentGranted', true);
    mock('injectScript', (url, onSuccess, onFailure) => onFailure());
    runCode({ script: 'https://px.example.com/speck.js', pixel: 'px_1', kind: 'pageview' });
    assertApi('gtmOnFailure').wasCalled();
    assertApi('gtmOnSuccess').wasNotCalled();
setup: |-
  let injected;
  mock('injectScript', (url, onSuccess) => {
    injected = url;
    onSuccess();
  });


___NOTES___

The tag's script is served by your own Speck. Limit the permission "Injects scripts" to its host if you like.
