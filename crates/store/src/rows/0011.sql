-- `holds_open` and `tasks_processing` find these rows too, of which there are few at any time, and every
-- request and task paid for the second index.
DROP INDEX holds_of_requests;
DROP INDEX tasks_leased;
