/**
 * @generated SignedSource<<4ed7ca59057f55a3942c554c2e673295>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
import type { FragmentRefs } from "relay-runtime";
export type IngestionStatus = "ABORTED" | "FAILED" | "IN_PROGRESS" | "SUCCESS" | "%future added value";
export type ingestionsFollowSubscription$variables = {
  id?: string | null | undefined;
};
export type ingestionsFollowSubscription$data = {
  readonly ingestionStatusChanged: {
    readonly request: {
      readonly " $fragmentSpreads": FragmentRefs<"ingestions_request">;
    };
    readonly to: IngestionStatus;
  };
};
export type ingestionsFollowSubscription = {
  response: ingestionsFollowSubscription$data;
  variables: ingestionsFollowSubscription$variables;
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
],
v2 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "to",
  "storageKey": null
},
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
};
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "ingestionsFollowSubscription",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "IngestionTransition",
        "kind": "LinkedField",
        "name": "ingestionStatusChanged",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": "IngestionRequest",
            "kind": "LinkedField",
            "name": "request",
            "plural": false,
            "selections": [
              {
                "args": null,
                "kind": "FragmentSpread",
                "name": "ingestions_request"
              }
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "ingestionsFollowSubscription",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "IngestionTransition",
        "kind": "LinkedField",
        "name": "ingestionStatusChanged",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": "IngestionRequest",
            "kind": "LinkedField",
            "name": "request",
            "plural": false,
            "selections": [
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
              (v3/*:: as any*/)
            ],
            "storageKey": null
          },
          (v3/*:: as any*/)
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "0821aa44ccee4803c7c95b42ce5290a8",
    "id": null,
    "metadata": {},
    "name": "ingestionsFollowSubscription",
    "operationKind": "subscription",
    "text": "subscription ingestionsFollowSubscription(\n  $id: ID\n) {\n  ingestionStatusChanged(id: $id) {\n    to\n    request {\n      ...ingestions_request\n      id\n    }\n    id\n  }\n}\n\nfragment ingestions_request on IngestionRequest {\n  requestId\n  status\n  numRecords\n}\n"
  }
};
})();

(node as any).hash = "0d890282c104f2ad971976cd19645739";

export default node;
