-- People whom the operator blocked are found at each start, in case they are no longer blocked.
CREATE INDEX subscriptions_blocked ON subscriptions (user_id)
    WHERE user_id IS NOT NULL AND state = 'suspended' AND reason ->> 'kind' = 'blocked';
