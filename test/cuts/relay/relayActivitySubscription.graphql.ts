/**
 * @generated SignedSource<<6caf2862b8563058bc434b561dbfda43>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type IngestionStatus = "ABORTED" | "FAILED" | "IN_PROGRESS" | "SUCCESS" | "%future added value";
export type relayActivitySubscription$variables = Record<PropertyKey, never>;
export type relayActivitySubscription$data = {
  readonly ingestionActivity: {
    readonly from: IngestionStatus | null | undefined;
    readonly info: string;
    readonly numRecords: any | null | undefined;
    readonly request: {
      readonly mappingId: string;
      readonly requestId: string;
    };
    readonly to: IngestionStatus;
  };
};
export type relayActivitySubscription = {
  response: relayActivitySubscription$data;
  variables: relayActivitySubscription$variables;
};

const node: ConcreteRequest = (function(){
var v0 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "from",
  "storageKey": null
},
v1 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "to",
  "storageKey": null
},
v2 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "info",
  "storageKey": null
},
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "numRecords",
  "storageKey": null
},
v4 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "mappingId",
  "storageKey": null
},
v5 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "requestId",
  "storageKey": null
},
v6 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
};
return {
  "fragment": {
    "argumentDefinitions": [],
    "kind": "Fragment",
    "metadata": null,
    "name": "relayActivitySubscription",
    "selections": [
      {
        "alias": null,
        "args": null,
        "concreteType": "IngestionTransition",
        "kind": "LinkedField",
        "name": "ingestionActivity",
        "plural": false,
        "selections": [
          (v0/*:: as any*/),
          (v1/*:: as any*/),
          (v2/*:: as any*/),
          (v3/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": "IngestionRequest",
            "kind": "LinkedField",
            "name": "request",
            "plural": false,
            "selections": [
              (v4/*:: as any*/),
              (v5/*:: as any*/)
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
    "argumentDefinitions": [],
    "kind": "Operation",
    "name": "relayActivitySubscription",
    "selections": [
      {
        "alias": null,
        "args": null,
        "concreteType": "IngestionTransition",
        "kind": "LinkedField",
        "name": "ingestionActivity",
        "plural": false,
        "selections": [
          (v0/*:: as any*/),
          (v1/*:: as any*/),
          (v2/*:: as any*/),
          (v3/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": "IngestionRequest",
            "kind": "LinkedField",
            "name": "request",
            "plural": false,
            "selections": [
              (v4/*:: as any*/),
              (v5/*:: as any*/),
              (v6/*:: as any*/)
            ],
            "storageKey": null
          },
          (v6/*:: as any*/)
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "79bb1f27d1168f123ee297e6889262ec",
    "id": null,
    "metadata": {},
    "name": "relayActivitySubscription",
    "operationKind": "subscription",
    "text": "subscription relayActivitySubscription {\n  ingestionActivity {\n    from\n    to\n    info\n    numRecords\n    request {\n      mappingId\n      requestId\n      id\n    }\n    id\n  }\n}\n"
  }
};
})();

(node as any).hash = "64fc88b333aeb9e9325111484f7c453a";

export default node;
