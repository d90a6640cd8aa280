-- A reason is JSON, {"kind": …} with its arguments; what earlier versions put in words keeps them.

UPDATE deliveries SET reason = json_object('kind', 'worded', 'text', reason) WHERE reason IS NOT NULL;
UPDATE deliveries SET quiet = json_object('kind', 'worded', 'text', quiet) WHERE quiet IS NOT NULL;
UPDATE subscriptions SET reason = json_object('kind', 'worded', 'text', reason) WHERE reason IS NOT NULL;
UPDATE changes SET reason = json_object('kind', 'worded', 'text', reason) WHERE reason IS NOT NULL;
