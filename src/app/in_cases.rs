//! Searches by the state of cases: the store knows it, at this moment, and the index is asked by
//! numbers. So a search is right as soon as a case is acknowledged, without waiting for a follower.

use super::archive::{Archive, internal};
use crate::index::{Among, Filter};
use crate::serve::{MAX_IN_CASES, SearchError};
use crate::store::{CaseFilter, CaseState};
use jiff::Timestamp;

impl Archive {
    /// The filter with the numbers of the mentions that it asks for by their cases.
    ///
    /// # Errors
    /// [`SearchError::TooManyInCases`]: rather none than some.
    pub(super) async fn with_cases(
        &self,
        case: Option<CaseFilter>,
        filter: Option<Filter>,
        published: (Option<Timestamp>, Option<Timestamp>),
    ) -> Result<Option<Filter>, SearchError> {
        let case = case.map(Filter::Case);
        let filter = match (case, filter) {
            (Some(case), Some(filter)) => Filter::All(vec![case, filter]),
            (Some(filter), None) | (None, Some(filter)) => filter,
            (None, None) => return Ok(None),
        };
        let mut known: Vec<(CaseFilter, Among)> = Vec::new();
        for case in filter.cases() {
            if known.iter().all(|(one, _)| *one != case) {
                let state = match case {
                    CaseFilter::In(state) => Some(state),
                    CaseFilter::Any | CaseFilter::None => None,
                };
                known.push((case, self.in_cases(state, published).await?));
            }
        }
        let answer = |case: CaseFilter| {
            let found = known.iter().find(|(one, _)| *one == case);
            let among = found.map(|(_, among)| Filter::Among(among.clone()));
            let among = among.unwrap_or(Filter::Case(case));
            match case {
                CaseFilter::None => Filter::Not(Box::new(among)),
                CaseFilter::In(_) | CaseFilter::Any => among,
            }
        };
        Ok(Some(filter.knowing(&answer)))
    }

    async fn in_cases(
        &self,
        state: Option<CaseState>,
        (since, until): (Option<Timestamp>, Option<Timestamp>),
    ) -> Result<Among, SearchError> {
        let span = since.map_or(i64::MIN, Timestamp::as_millisecond)
            ..until.map_or(i64::MAX, Timestamp::as_millisecond);
        let limit = i64::try_from(MAX_IN_CASES).unwrap_or(i64::MAX);
        let ids = self
            .store
            .mentions_in_cases(state, span, limit.saturating_add(1));
        let ids = ids.await.map_err(internal)?;
        match ids.len() > MAX_IN_CASES {
            true => Err(SearchError::TooManyInCases),
            false => Ok(Among::new(ids)),
        }
    }
}
