//! The one client with the publishers' wishes: what feeds, sitemaps and pages are fetched with.

use super::hosts::Hosts;
use super::http::{Answer, Client, Page, Validators};
use super::robots::{Permission, Robots};
use super::source::SourceError;
use url::Url;

/// A client that asks `robots.txt` first, unless it need not.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
    /// Where opt-outs are honoured.
    robots: Option<Robots>,
}

impl Fetcher {
    /// `honours` opt-outs, or has the publisher's consent.
    pub fn new(client: Client, honours: bool) -> Self {
        let robots = honours.then(|| Robots::new(client.clone()));
        Self { client, robots }
    }

    /// Takes turns with all clients that have this memory.
    pub fn sharing(self, hosts: &Hosts) -> Self {
        Self::new(self.client.sharing(hosts), self.robots.is_some())
    }

    /// Fetches an address. With the page comes whether its text is reserved against mining, by the
    /// site or by the answer's head, the latter's word before the former's. A page that is not to be
    /// kept says so in `opt_out`; without robots nothing is.
    ///
    /// # Errors
    /// Those of [`Client::get`]; `Refused` where `robots.txt` closes the address, and the reason why
    /// it cannot be had where nobody knows.
    pub async fn get(
        &self,
        url: &Url,
        accept: &'static str,
        known: &Validators,
    ) -> Result<Option<Page>, SourceError> {
        let reserved = self.reserves(url).await?;
        let mut page = match self.client.get(url, accept, known).await? {
            Answer::Unchanged => return Ok(None),
            Answer::Page(page) => *page,
        };
        // Where a redirect led elsewhere, those who publish there are asked as well.
        let reserved = match page.url.origin() == url.origin() {
            true => reserved,
            false => self.reserves(&page.url).await?,
        };
        page.opt_out = match self.robots {
            None => Default::default(),
            Some(_) => {
                let said = page.opt_out.tdm_reserved;
                page.opt_out.tdm_reserved = said.or(reserved.then_some(true));
                page.opt_out
            }
        };
        Ok(Some(page))
    }

    /// The client alone, for what no `robots.txt` is about.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// True where opt-outs are honoured.
    pub fn honours(&self) -> bool {
        self.robots.is_some()
    }

    async fn reserves(&self, url: &Url) -> Result<bool, SourceError> {
        let Some(robots) = &self.robots else {
            return Ok(false);
        };
        match robots.may_fetch(url).await {
            Permission::Granted => Ok(false),
            Permission::Reserved => Ok(true),
            Permission::Closed => Err(SourceError::Refused(
                "robots.txt closes the address, see `honour_opt_outs`".to_owned(),
            )),
            Permission::Unknown(why) => Err(why),
        }
    }
}
