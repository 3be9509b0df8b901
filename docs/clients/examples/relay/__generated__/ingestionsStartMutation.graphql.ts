/**
 * @generated SignedSource<<b341ece65566b837d394b59a6d4e02db>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
import type { FragmentRefs } from "relay-runtime";
export type ingestionsStartMutation$variables = {
  mappingId: string;
};
export type ingestionsStartMutation$data = {
  readonly startIngestion: {
    readonly message?: string;
    readonly request?: {
      readonly id: string;
      readonly " $fragmentSpreads": FragmentRefs<"ingestions_request" | "ingestions_watch">;
    };
  } | null | undefined;
};
export type ingestionsStartMutation = {
  response: ingestionsStartMutation$data;
  variables: ingestionsStartMutation$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "mappingId"
  }
],
v1 = [
  {
    "fields": [
      {
        "kind": "Variable",
        "name": "mappingId",
        "variableName": "mappingId"
      }
    ],
    "kind": "ObjectValue",
    "name": "input"
  }
],
v2 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
},
v3 = [
  {
    "alias": null,
    "args": null,
    "concreteType": "IngestionRequest",
    "kind": "LinkedField",
    "name": "request",
    "plural": false,
    "selections": [
      (v2/*:: as any*/),
      {
        "args": null,
        "kind": "FragmentSpread",
        "name": "ingestions_request"
      },
      {
        "args": null,
        "kind": "FragmentSpread",
        "name": "ingestions_watch"
      }
    ],
    "storageKey": null
  }
],
v4 = {
  "kind": "InlineFragment",
  "selections": [
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "message",
      "storageKey": null
    }
  ],
  "type": "StartIngestionFailure",
  "abstractKey": "__isStartIngestionFailure"
},
v5 = [
  {
    "alias": null,
    "args": null,
    "concreteType": "IngestionRequest",
    "kind": "LinkedField",
    "name": "request",
    "plural": false,
    "selections": [
      (v2/*:: as any*/),
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "requestId",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "status",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "numRecords",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "concreteType": "IngestionWatch",
        "kind": "LinkedField",
        "name": "watch",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "lastPolledAt",
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "ingestionsStartMutation",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "startIngestion",
        "plural": false,
        "selections": [
          {
            "kind": "InlineFragment",
            "selections": (v3/*:: as any*/),
            "type": "IngestionSubmitted",
            "abstractKey": null
          },
          {
            "kind": "InlineFragment",
            "selections": (v3/*:: as any*/),
            "type": "IngestionAlreadyInProgress",
            "abstractKey": null
          },
          (v4/*:: as any*/)
        ],
        "storageKey": null
      }
    ],
    "type": "Mutation",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "ingestionsStartMutation",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "startIngestion",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "__typename",
            "storageKey": null
          },
          {
            "kind": "InlineFragment",
            "selections": (v5/*:: as any*/),
            "type": "IngestionSubmitted",
            "abstractKey": null
          },
          {
            "kind": "InlineFragment",
            "selections": (v5/*:: as any*/),
            "type": "IngestionAlreadyInProgress",
            "abstractKey": null
          },
          (v4/*:: as any*/)
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "2570a29c33977206d55be52f3318a3e4",
    "id": null,
    "metadata": {},
    "name": "ingestionsStartMutation",
    "operationKind": "mutation",
    "text": "mutation ingestionsStartMutation(\n  $mappingId: ID!\n) {\n  startIngestion(input: {mappingId: $mappingId}) {\n    __typename\n    ... on IngestionSubmitted {\n      request {\n        id\n        ...ingestions_request\n        ...ingestions_watch\n      }\n    }\n    ... on IngestionAlreadyInProgress {\n      request {\n        id\n        ...ingestions_request\n        ...ingestions_watch\n      }\n    }\n    ... on StartIngestionFailure {\n      __isStartIngestionFailure: __typename\n      message\n    }\n  }\n}\n\nfragment ingestions_request on IngestionRequest {\n  requestId\n  status\n  numRecords\n}\n\nfragment ingestions_watch on IngestionRequest {\n  watch {\n    lastPolledAt\n  }\n  id\n}\n"
  }
};
})();

(node as any).hash = "58e292b918181c48cd6314f6b55993c4";

export default node;
