/**
 * @generated SignedSource<<fefafe67e4cab1d89132df43bb9aa036>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
import type { FragmentRefs } from "relay-runtime";
export type ingestionsWatchQuery$variables = {
  id: string;
};
export type ingestionsWatchQuery$data = {
  readonly node: {
    readonly " $fragmentSpreads": FragmentRefs<"ingestions_watch">;
  } | null | undefined;
};
export type ingestionsWatchQuery = {
  response: ingestionsWatchQuery$data;
  variables: ingestionsWatchQuery$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "id"
  }
],
v1 = [
  {
    "kind": "Variable",
    "name": "id",
    "variableName": "id"
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "ingestionsWatchQuery",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "node",
        "plural": false,
        "selections": [
          {
            "args": null,
            "kind": "FragmentSpread",
            "name": "ingestions_watch"
          }
        ],
        "storageKey": null
      }
    ],
    "type": "Query",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "ingestionsWatchQuery",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "node",
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
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "id",
            "storageKey": null
          },
          {
            "kind": "InlineFragment",
            "selections": [
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
            "type": "IngestionRequest",
            "abstractKey": null
          }
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "f458ae64a93cd367abb3b276d5faccfc",
    "id": null,
    "metadata": {},
    "name": "ingestionsWatchQuery",
    "operationKind": "query",
    "text": "query ingestionsWatchQuery(\n  $id: ID!\n) {\n  node(id: $id) {\n    __typename\n    ...ingestions_watch\n    id\n  }\n}\n\nfragment ingestions_watch on IngestionRequest {\n  watch {\n    lastPolledAt\n  }\n  id\n}\n"
  }
};
})();

(node as any).hash = "9884ba3fa6b378ef1074cfc71e613c15";

export default node;
